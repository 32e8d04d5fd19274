// The page's own sentences, in English and Chinese.

const TEXTS = {
  skip: ["Skip to the message box", "跳到输入框"],
  chats: ["Chats", "聊天列表"],
  open_chats: ["Show chats", "显示聊天列表"],
  close_chats: ["Hide chats", "隐藏聊天列表"],
  new_chat: ["New chat", "新聊天"],
  untitled: ["New chat", "新聊天"],
  conversation: ["Conversation", "对话"],
  earlier: ["Show earlier messages", "显示更早的消息"],
  newest: ["Go to the newest message", "跳到最新消息"],
  welcome: ["What would you like to talk about?", "想聊点什么？"],
  welcome_more: ["Write below. Type / to see the commands.", "在下方输入内容；输入 / 可查看命令。"],
  locked: ["This page is locked", "此页面已锁定"],
  locked_more: [
    "Open the link that the service printed when it started; it holds the key.",
    "请打开服务启动时显示的链接，其中包含密钥。",
  ],
  working: ["Working on it…", "正在处理…"],
  box: ["Message Parley", "给 Parley 发消息"],
  send: ["Send", "发送"],
  stop: ["Stop the answer", "停止回答"],
  commands: ["Commands", "命令"],
  editing: ["Editing a message. Its answer is written anew.", "正在修改消息，回答会重新生成。"],
  cancel: ["Cancel", "取消"],
  save: ["Save", "保存"],
  close: ["Close", "关闭"],
  rename: ["Rename chat", "重命名聊天"],
  title_of_chat: ["Title of the chat", "聊天标题"],
  delete: ["Delete", "删除"],
  delete_title: ["Delete this chat?", "删除此聊天？"],
  delete_text: [
    "“{title}” and everything said in it will be gone for good.",
    "“{title}”及其中的全部内容将被永久删除。",
  ],
  rename_chat: ["Rename “{title}”", "重命名“{title}”"],
  delete_chat: ["Delete “{title}”", "删除“{title}”"],
  unread: ["new answer", "有新回答"],
  you: ["You", "你"],
  bot: ["Parley", "Parley"],
  edit: ["Edit", "修改"],
  copy: ["Copy", "复制"],
  copied: ["Copied", "已复制"],
  copy_code: ["Copy code", "复制代码"],
  retry: ["Try again", "重新回答"],
  thumb_up: ["Good answer", "回答得好"],
  thumb_down: ["Bad answer", "回答得不好"],
  not_copied: ["The browser did not let me copy.", "浏览器不允许复制。"],
  not_sent: ["Not sent", "未发送"],
  send_again: ["Send again", "重新发送"],
  discard: ["Discard", "丢弃"],
  table: ["Table", "表格"],
  to_dark: ["Dark colours", "深色模式"],
  to_light: ["Light colours", "浅色模式"],
  choices: ["Who answers in this chat", "本聊天由谁回答"],
  persona: ["Persona", "角色"],
  persona_is: ["Persona: {name}", "角色：{name}"],
  model: ["Model", "模型"],
  model_is: ["Model: {name}", "模型：{name}"],
  thinking: ["Thinking", "思考"],
  settings: ["Settings", "设置"],
  keys: ["Keyboard", "快捷键"],
  key_new: ["Ctrl K", "Ctrl K"],
  help_send: ["Send", "发送"],
  help_line: ["New line", "换行"],
  help_stop: ["Stop the answer; leave what is open", "停止回答；关闭打开的窗口"],
  help_edit: ["Edit the last message (in an empty box)", "修改上一条消息（输入框为空时）"],
  help_new: ["New chat", "新聊天"],
  help_chats: ["Chat above, chat below", "上一个、下一个聊天"],
  help_commands: ["Commands", "命令"],
  help_help: ["This list", "本列表"],
  reconnecting: ["Connecting…", "正在连接…"],
  error_network: [
    "The service can't be reached. Is it running?",
    "无法连接服务，它在运行吗？",
  ],
  error_too_long: [
    "This is too long: {count} characters, and {limit} fit. Send a shorter piece.",
    "内容太长：共 {count} 个字符，最多 {limit} 个。请缩短后再发送。",
  ],
  error_empty: ["There is nothing to send yet.", "还没有可以发送的内容。"],
  error_not_stored: [
    "The service could not store this just now. Please try again.",
    "服务暂时无法保存，请重试。",
  ],
  error_starting: ["The service is still starting. Try again in a moment.", "服务正在启动，请稍后再试。"],
  error_gone: ["That is no longer there.", "该内容已不存在。"],
  error_key: ["This page's key is not valid any more.", "此页面的密钥已失效。"],
  error_other: ["The service did not take that ({reason}).", "服务未能接受（{reason}）。"],
  edit_command: [
    "A sent message can't become a command. Send the command as a new message.",
    "已发送的消息不能改成命令，请把命令作为新消息发送。",
  ],
};

const preferred = (navigator.languages?.[0] ?? navigator.language ?? "en").toLowerCase();
export const language = preferred.startsWith("zh") ? "zh" : "en";
const place = language === "zh" ? 1 : 0;

/** The sentence `name` in the reader's language, with `{values}` filled in. */
export function say(name, values = {}) {
  const sentence = TEXTS[name]?.[place] ?? name;
  return sentence.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/** Whether there is such a sentence. */
export const has = (name) => Object.hasOwn(TEXTS, name);

/** Writes the sentences into the page's marked elements. */
export function fillTexts(root) {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
    if (element.tagName === "BUTTON") element.title = say(element.dataset.label);
  }
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
}
