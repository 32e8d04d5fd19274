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
  welcome_more: [
    "Write or speak below, or attach pictures and files. Type / to see the commands.",
    "在下方输入文字、录制语音，或添加图片和文件；输入 / 可查看命令。",
  ],
  locked: ["This page is locked", "此页面已锁定"],
  locked_more: [
    "Open the link that the service printed when it started; it holds the key.",
    "请打开服务启动时显示的链接，其中包含密钥。",
  ],
  working: ["Working on it…", "正在处理…"],
  box: ["Message Parley", "给 Parley 发消息"],
  send: ["Send", "发送"],
  attach: ["Attach files", "添加文件"],
  attached: ["Attached files", "已添加的文件"],
  attached_names: ["Attached: {names}", "已添加：{names}"],
  remove_file: ["Remove “{name}”", "移除“{name}”"],
  drop: ["Drop files here to attach them", "将文件拖放到此处即可添加"],
  picture: ["Picture", "图片"],
  film: ["Video", "视频"],
  file: ["File", "文件"],
  voice_message: ["Voice message", "语音消息"],
  uploading: ["Uploading", "正在上传"],
  record: ["Record a voice message", "录制语音消息"],
  recording_group: ["Voice message being recorded", "正在录制的语音消息"],
  recording: ["Recording. Enter sends, Escape discards.", "正在录音。按 Enter 发送，按 Esc 放弃。"],
  send_recording: ["Send the voice message", "发送语音消息"],
  discard_recording: ["Discard the recording", "放弃录音"],
  recording_short: [
    "That was too short. Speak, then press the button again to send.",
    "录音太短。请说完后再点一次按钮发送。",
  ],
  microphone_refused: [
    "The browser does not let this page use the microphone. Allow it in the page's settings, beside the address.",
    "浏览器未允许此页面使用麦克风。请在地址栏旁的网站设置中允许。",
  ],
  microphone_missing: ["No microphone was found. Connect one and try again.", "未找到麦克风，请连接后重试。"],
  microphone_busy: [
    "The microphone cannot be opened; another program may be using it.",
    "无法打开麦克风，可能正被其他程序占用。",
  ],
  microphone_insecure: [
    "Browsers give the microphone only to pages at https addresses or at localhost. Open this page at one of those.",
    "浏览器只允许 https 或 localhost 页面使用麦克风，请通过这类地址打开本页。",
  ],
  microphone_unsupported: ["This browser cannot record sound.", "此浏览器不支持录音。"],
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
  most_files: ["At most {count} files go into one message.", "一条消息最多可添加 {count} 个文件。"],
  error_too_many_files: ["These are too many files for one message.", "一条消息中的文件太多。"],
  file_too_large_named: [
    "“{name}” is too large: a file may have up to {limit}.",
    "“{name}”太大：单个文件最大 {limit}。",
  ],
  file_empty_named: ["“{name}” is empty.", "“{name}”是空文件。"],
  no_folders: ["Folders can't be attached, only files.", "不能添加文件夹，只能添加文件。"],
  error_file_too_large: ["A file is too large.", "文件太大。"],
  error_file_empty: ["A file is empty.", "文件为空。"],
  error_file_cut: ["A file did not arrive whole. Please send it again.", "文件未能完整上传，请重新发送。"],
  error_file_gone: ["A file has to be sent once more. Please send it again.", "文件需要重新上传，请重新发送。"],
  error_file_taken: ["A file was sent before. Attach it anew.", "该文件已发送过，请重新添加。"],
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
