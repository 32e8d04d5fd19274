"""The bot's own sentences, in English and Chinese. Everything a person reads that is not the model's."""

from __future__ import annotations

__all__ = ["LANGUAGES", "TEXTS", "language_of", "say"]

LANGUAGES = ("en", "zh")

TEXTS: dict[str, tuple[str, str]] = {
    "start": (
        "Hello, I'm **Parley**. Write to me and I answer; the reply grows while it is written.\n\n"
        "- /new starts a new conversation, /retry answers again, /undo takes the last question back\n"
        "- /stop ends an answer at once\n"
        "- reply to one of my older answers to go on from there; edit your message and I answer it anew\n\n"
        "/help shows this again.",
        "你好，我是 **Parley**。给我发消息就行，回答会边写边显示。\n\n"
        "- /new 开始新对话，/retry 重新回答，/undo 撤回上一个问题\n"
        "- /stop 立即停止回答\n"
        "- 回复我以前的某条回答，就从那里接着聊；修改你的消息，我会重新回答\n\n"
        "发送 /help 可再次查看。",
    ),
    "help": (
        "**What I understand**\n\n"
        "- /new – start a new conversation; what was said before stays out of it\n"
        "- /retry – answer the last question again\n"
        "- /undo – take the last question and its answer back\n"
        "- /stop – end the answer being written, at once\n"
        "- /settings – how answers look in this chat\n"
        "- /help – this text\n\n"
        "Edit a message and I answer it anew. Reply to an older answer to go on from there. "
        "In groups, mention me or reply to me.",
        "**我能听懂的命令**\n\n"
        "- /new – 开始新对话，之前的内容不再带入\n"
        "- /retry – 重新回答上一个问题\n"
        "- /undo – 撤回上一个问题和它的回答\n"
        "- /stop – 立即停止正在写的回答\n"
        "- /settings – 本聊天的显示设置\n"
        "- /help – 显示本说明\n\n"
        "修改消息后我会重新回答；回复旧的回答可以从那里接着聊。在群里请 @我 或回复我的消息。",
    ),
    "new": (
        "A new conversation. I start from an empty page.",
        "新对话开始，之前的内容不再带入。",
    ),
    "undo": (
        "Taken back: “{text}”. We go on from before it.",
        "已撤回：“{text}”。我们从它之前接着聊。",
    ),
    "undo_nothing": (
        "There is nothing to take back; this conversation is empty.",
        "没有可以撤回的内容，当前对话是空的。",
    ),
    "retry_nothing": (
        "There is nothing to answer again yet. Write a message first.",
        "还没有可以重新回答的内容，请先发一条消息。",
    ),
    "retry_gone": (
        "That question is no longer here, so I can't answer it again.",
        "那个问题已经不在了，无法重新回答。",
    ),
    "stop_nothing": ("Nothing is being written right now.", "现在没有正在写的回答。"),
    "stopped": ("Stopped.", "已停止。"),
    "timed_out": (
        "This took too long, so I stopped here. /retry tries again.",
        "时间太长，只能先到这里。发送 /retry 可以重试。",
    ),
    "unknown_command": (
        "I don't know {command}. Did you mean {nearest}? /help lists what I understand.",
        "没有 {command} 这个命令，你是不是想用 {nearest}？/help 可查看全部命令。",
    ),
    "unknown_command_plain": (
        "I don't know {command}. /help lists what I understand.",
        "没有 {command} 这个命令。/help 可查看全部命令。",
    ),
    "stranger": (
        "I only talk with people my operator has admitted. Your id here is `{id}`: give it to the operator, "
        "who adds it to PARLEY_ADMINS.",
        "我只和管理员允许的人对话。你在这里的 ID 是 `{id}`：请把它发给管理员，由他加入 PARLEY_ADMINS。",
    ),
    "attachment": (
        "I can't read {things} yet, only text. Tell me in words what it is about and I'll help.",
        "我暂时还看不了{things}，只能读文字。请用文字说明一下，我来帮忙。",
    ),
    "attachment_beside_text": (
        "(I can't read {things} yet, so I answer the text alone.)",
        "（我暂时还看不了{things}，下面只回答文字部分。）",
    ),
    "empty": (
        "That message had no text I can read. Write me a few words.",
        "这条消息里没有我能读的文字，请写几个字给我。",
    ),
    "too_long": (
        "That is more than I can read at once (about {tokens} tokens; {limit} fit). Send a shorter piece.",
        "内容太长，一次读不完（约 {tokens} 个 token，最多 {limit} 个）。请分段发送。",
    ),
    "model_busy": (
        "The model is overloaded and did not answer, though I tried several times. "
        "Please try again in a minute.",
        "模型太忙，多次尝试后仍没有回应。请过一分钟再试。",
    ),
    "model_broke_off": (
        "The answer broke off here and could not be continued. “Try again” asks once more.",
        "回答在这里中断，无法继续。点“重试”可以再问一次。",
    ),
    "model_refused": (
        "The model would not take this request. Try to put it differently, or begin anew with /new.",
        "模型拒绝了这个请求。请换个说法，或发送 /new 重新开始。",
    ),
    "model_account": (
        "I can't reach the model with the operator's account just now. It has been logged for the operator; "
        "please try later.",
        "目前无法用管理员的账户访问模型，已为管理员记录在日志中，请稍后再试。",
    ),
    "broken": (
        "Something went wrong on my side and I could not finish. It has been logged; "
        "“Try again” asks once more.",
        "我这边出了点问题，没能完成。已记录下来，点“重试”可以再问一次。",
    ),
    "button_stop": ("■ Stop", "■ 停止"),
    "button_retry": ("Try again", "重试"),
    "button_foreign": ("This button does not work here.", "这个按钮在这里不能用。"),
    "button_done": ("That is over already.", "这已经结束了。"),
    "settings": ("**Settings of this chat**", "**本聊天的设置**"),
    "setting_thinking_shown": (
        "The model's thinking stands folded above its answer.",
        "模型的思考过程折叠显示在回答上方。",
    ),
    "setting_thinking_hidden": ("The model's thinking is not shown.", "不显示模型的思考过程。"),
    "setting_transport_edits": (
        "Answers grow by editing their message.",
        "回答在同一条消息里逐步更新。",
    ),
    "setting_transport_preview": (
        "Answers grow as a draft and become a message when they are whole.",
        "回答先以草稿显示，写完后再发成消息。",
    ),
    "setting_rich_off": (
        "Answers use plain formatting, which every app shows.",
        "回答使用普通格式，所有客户端都能显示。",
    ),
    "setting_rich_on": (
        "Answers use rich formatting (tables, formulas). Some apps, such as Telegram Web and macOS, show "
        "nothing of it.",
        "回答使用富文本（表格、公式）。部分客户端（如网页版和 macOS 版 Telegram）无法显示。",
    ),
    "setting_language_auto": (
        "My own sentences follow the language of each person's app.",
        "我的提示语言跟随每个人的应用语言。",
    ),
    "setting_language_en": ("My own sentences are in English.", "我的提示使用英语。"),
    "setting_language_zh": ("My own sentences are in Chinese.", "我的提示使用中文。"),
    "setting_attention_addressed": (
        "In this group I answer mentions, replies to me, commands and my name.",
        "在本群里，@我、回复我、发命令或叫我的名字，我就会回答。",
    ),
    "setting_attention_always": ("In this group I answer every message.", "在本群里，我会回答每一条消息。"),
    "setting_attention_quiet": (
        "I keep quiet in this group: only mentions and commands make me speak.",
        "我在本群里保持安静：只有 @我 或发命令时才说话。",
    ),
    "setting_recall_on": (
        "I remember this group's last messages for a day, so that I can tell what somebody missed.",
        "我会把本群最近的消息记住一天，好告诉大家错过了什么。",
    ),
    "setting_recall_off": (
        "I remember nothing that was not said to me.",
        "不是对我说的话，我一概不记。",
    ),
    "setting_rights_admins": (
        "Only this group's admins may change these settings.",
        "只有本群的管理员可以修改这些设置。",
    ),
    "setting_rights_everyone": (
        "Everybody here may change these settings.",
        "这里的每个人都可以修改这些设置。",
    ),
    "only_admins": (
        "Only admins of this group may change this.",
        "只有本群的管理员可以修改。",
    ),
    "button_language_auto": ("Language: as each app", "语言：跟随应用"),
    "button_language_en": ("English", "英语 (English)"),
    "button_language_zh": ("Chinese (中文)", "中文 (Chinese)"),
    "button_attention_addressed": ("Answer when addressed", "叫我才回答"),
    "button_attention_always": ("Answer everything", "每条都回答"),
    "button_attention_quiet": ("Keep quiet", "保持安静"),
    "button_recall_on": ("Remember the last day", "记住最近一天"),
    "button_recall_off": ("Remember nothing", "什么都不记"),
    "button_rights_admins": ("Only admins may change", "仅管理员可改"),
    "button_rights_everyone": ("Everybody may change", "人人可改"),
    "persona_assistant": ("Assistant", "助手"),
    "persona_assistant_what": ("Answers questions of any kind, to the point", "回答各类问题，简明扼要"),
    "persona_assistant_greeting": (
        "I'm an all-round assistant now. What is it about?",
        "我现在是通用助手，有什么要问的？",
    ),
    "button_thinking_hidden": ("Hide thinking", "隐藏思考"),
    "button_thinking_shown": ("Show thinking", "显示思考"),
    "button_transport_edits": ("Grow by edits", "用编辑更新"),
    "button_transport_preview": ("Grow as a draft", "用草稿显示"),
    "button_rich_on": ("Rich formatting", "启用富文本"),
    "button_rich_off": ("Plain formatting", "普通格式"),
    "button_thanks": ("Thank you.", "谢谢反馈。"),
    "button_saved": ("Saved.", "已保存。"),
    "thinking": ("Thinking…", "思考中…"),
    "thought": ("Thought for {seconds} s", "思考了 {seconds} 秒"),
    "tool_running": ("{names} …", "正在使用 {names} …"),
    "things_image": ("pictures", "图片"),
    "things_voice": ("voice messages", "语音消息"),
    "things_video": ("videos", "视频"),
    "things_document": ("files", "文件"),
    "things_sticker": ("stickers", "贴纸"),
    "things_other": ("this kind of message", "这类消息"),
    "menu_new": ("Start a new conversation", "开始新对话"),
    "menu_retry": ("Answer the last question again", "重新回答上一个问题"),
    "menu_undo": ("Take the last question back", "撤回上一个问题"),
    "menu_stop": ("End the answer at once", "立即停止回答"),
    "menu_settings": ("How answers look in this chat", "本聊天的显示设置"),
    "menu_help": ("What I understand", "使用说明"),
    "menu_start": ("What this bot is", "介绍"),
}


def say(key: str, language: str, **values: object) -> str:
    """The sentence ``key`` in a language of LANGUAGES, with ``values`` filled in."""
    sentence = TEXTS[key][LANGUAGES.index(language)]
    return sentence.format(**values) if values else sentence


def language_of(code: str, setting: str = "auto") -> str:
    """Which of LANGUAGES to speak: the setting, or the person's language code (``zh-hans`` is Chinese)."""
    if setting in LANGUAGES:
        return setting
    return "zh" if code.lower().startswith("zh") else "en"
