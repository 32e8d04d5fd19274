"""Phrases that speech models write when nobody speaks.

Sources: openai/whisper discussions 679 and 928, Vexa-ai/vexa #617 and #619, speaches-ai/speaches #133,
amicalhq/amical #71, zachlatta/freeflow #111, murtaza-nasir/speakr #178, woheller69/whisperIME #57.
Each is written as ``normalise`` in ``transcript_text`` leaves it: lower case, no punctuation, single spaces.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CREDITS", "CREDIT_MARKS", "FILLERS"]

# What videos end with. Hardly anybody says it to a friend: it goes wherever it is a sentence of its own.
CREDITS: Final = frozenset(
    {
        # English
        "thanks for watching",
        "thank you for watching",
        "thank you so much for watching",
        "thanks for watching and see you next time",
        "thank you for watching and see you next time",
        "please subscribe to my channel",
        "like and subscribe",
        "dont forget to like and subscribe",
        "see you in the next video",
        "ill see you in the next video",
        # Chinese, simplified and traditional
        "谢谢观看",
        "感谢观看",
        "谢谢大家观看",
        "謝謝觀看",
        "感謝觀看",
        "謝謝大家觀看",
        "谢谢收看",
        "感谢收看",
        "感谢您的收看",
        "谢谢您的观看",
        "我们下期再见",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目",
        "请订阅我的频道",
        # Japanese
        "ご視聴ありがとうございました",
        "ご清聴ありがとうございました",
        "最後までご視聴いただきありがとうございます",
        "次の動画でお会いしましょう",
        "チャンネル登録をお願いいたします",
        "チャンネル登録よろしくお願いします",
        # Korean
        "시청해주셔서 감사합니다",
        "시청해 주셔서 감사합니다",
        "구독과 좋아요 부탁드립니다",
        "다음 영상에서 만나요",
        # Spanish, Portuguese, French, Italian, German
        "gracias por ver el video",
        "gracias por ver",
        "suscríbete al canal",
        "obrigado por assistir",
        "merci davoir regardé cette vidéo",
        "merci davoir regardé",
        "abonnezvous",
        "grazie per aver guardato il video",
        "vielen dank fürs zuschauen",
        "danke fürs zuschauen",
        # Russian, Turkish, Vietnamese, Norwegian
        "продолжение следует",
        "спасибо за просмотр",
        "субтитры сделал dimatorzok",
        "abone olmayı unutmayın",
        "izlediğiniz için teşekkür ederim",
        "altyazı mk",
        "teksting av nicolai winther",
    }
)

# A sentence with one of these is a credit whatever else it says.
CREDIT_MARKS: Final = (
    "amaraorg",
    "dimatorzok",
    "untertitel im auftrag des zdf",
    "untertitelung des zdf",
    "untertitelung im auftrag des zdf",
    "soustitrage st 501",
    "soustitrage st501",
    "明镜与点点",
    "明鏡與點點",
    "字幕志愿者",
    "字幕志願者",
    "mbc 뉴스",
    "редактор субтитров",
)

# Words that people do say, but that models also write for a breath or a click: not believed with hardly any
# speech. Short answers (yes, no, 好, はい) are left out on purpose: losing one is worse than inventing one.
FILLERS: Final = frozenset(
    {
        "you",
        "thank you",
        "thank you very much",
        "bye",
        "bye bye",
        "the",
        "i",
        "a",
        "so",
        "um",
        "uh",
        "hmm",
        "mm",
        "music",
        "applause",
        "silence",
        "blank_audio",
        "inaudible",
        "嗯",
        "啊",
        "呃",
        "谢谢大家",
        "謝謝大家",
        "ん",
        "ありがとうございました",
        "おやすみなさい",
        "음",
        "감사합니다",
        "gracias",
        "merci",
        "obrigado",
        "vielen dank",
        "спасибо",
    }
)
