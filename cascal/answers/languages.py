"""How languages besides English say that something is their answer: parts of patterns.

A noun, perhaps an adjective, and a verb or a colon: "Die richtige Antwort ist", "Đáp án đúng là".
Written for `re.IGNORECASE`.
"""

from __future__ import annotations

_NOUN = (
    r"(?:antwort|lösung|antwoord|r[ée]ponse|respuesta|risposta|resposta|odpowied[zź]|odpověď|odpoveď"
    r"|cevap|yanıt|svaret|svar|vastaus|válasz|răspunsul|răspuns|ответ|відповідь|отговорът|отговор|одговор"
    r"|απάντηση|jawaban|jawapan|đáp\sán|câu\strả\slời|trả\slời|ה?תשובה|(?:ال)?إجابة|(?:ال)?جواب|الخيار|پاسخ"
    r"|उत्तर|जवाब|উত্তর|विकल्प|คำตอบ(?:ที่ถูกต้อง)?"
    r"|richtige\s(?:option|auswahl|aussage)|(?:bonne|option|proposition)\s(?:option|correcte)"
    r"|opción\scorrecta|alternativa\s(?:correta|correcta)|op[çz](?:ão|ione)\scorr(?:eta|etta)"
    r"|juiste\s(?:optie|keuze)|prawidłowa\sopcja|правильный\sвариант|gabarito)"
)
_ADJECTIVE = (
    r"(?:\s(?:korrekt\w{0,2}|correcta?|corretta|correta|correcte?|richtige?|exacta|finale?|doğru"
    r"|yang\s(?:benar|tepat)|(?:chính\s)?(?:đúng|xác)|الصحيحة|النهائية|صحیح|ה?נכונה|corect))?"
)
_VERB = (
    r"(?:\s(?:donc|also|daher|somit|entonces|quindi|dunque|portanto))?(?:[*_]{0,3}\s{0,2}[:：=—–-]"
    r"|\s{1,2}(?:ist|lautet|wäre|est|serait|es|sería|è|é|seria|jest|to|je|is|är|er|on|este|είναι"
    r"|adalah|ialah|là|הי[או]|הוא|ه[يو]|है|คือ|হল|это)(?:\s(?:donc|also|daher|somit|entonces|quindi|dunque|portanto))?(?![^\W_])|\s{0,2}คือ)\s{0,2}:?"
)
_BEFORE_A_LETTER = r"\s{1,2}(?=[*(]{0,3}[A-Z](?:[)*.\s]{0,4}(?:\n|$)|[.):]\s|\s{0,2}है|['’]d[iı]r))"
_RESULT = (
    r"(?:ergebnis|résultat|resultado|risultato|resultaat|wynik|sonuç|результат|lösungswert|結果は|结果是"
    r"|结果为|결과는)"
)
ANSWER_ABROAD = rf"(?:{_NOUN}{_ADJECTIVE}{_VERB}|{_RESULT}(?:{_VERB})?(?=[\s\d]))"
"""What comes before any answer."""
LETTER_ABROAD = rf"{_NOUN}{_ADJECTIVE}(?:{_VERB}|{_BEFORE_A_LETTER})"
"""What comes before a letter: a noun alone does, where nothing follows the letter."""

STEMS = (
    *("antwo", "reponse", "respuesta", "rispost", "respost", "odpow", "odpov", "cevap", "svar"),
    *("vastaus", "jawab", "jawap", "richtige", "juiste", "prawid", "gabarito", "bonne option"),
    *("option correcte", "proposition correcte", "alternativa corr", "opzione corr"),
)
"""Every noun has one; looking for them costs a tenth of looking for the pattern."""
_FOREIGN_STEMS = (
    *("lösung", "réponse", "yanıt", "válasz", "răspuns", "ответ", "відпов", "отгов", "одгов"),
    *("вариант", "απάντ", "đáp", "trả", "תשובה", "إجابة", "جواب", "الخيار", "پاسخ", "उत्तर", "जवाब"),
    *("विकल्प", "উত্তর", "คำตอบ", "opción corr", "opção corr"),
)
"""The same of nouns that no text in plain ASCII holds."""
_RESULT_STEMS = ("ergebnis", "resultado", "risultato", "resultaat", "wynik")
_OF_ANY_ANSWER = (
    *(stem.replace("ı", "i") for stem in (*STEMS, *_FOREIGN_STEMS, *_RESULT_STEMS)),
    *("résultat", "sonuç", "результат", "结果", "結果", "결과"),
    *("答", "正确选项", "正確選項", "正解", "정답", "답"),
    *("bonne", "correcte", "option option", "proposition option", "opción", "opç", "opz"),
)
"""What holds none of these has no `ANSWER_ABROAD` and no `EAST`, in whatever letters."""


def speaks_abroad(text: str) -> bool:
    """Whether a text may hold `LETTER_ABROAD`."""
    folded = text.casefold()
    foreign = () if text.isascii() else _FOREIGN_STEMS
    return any(stem in folded for stem in (*STEMS, *foreign))


def is_plain(text: str) -> bool:
    """Whether a text holds nothing of `ANSWER_ABROAD` nor of `EAST`."""
    if text.isascii():
        folded = text.lower()
        return not speaks_abroad(text) and not any(stem in folded for stem in _RESULT_STEMS)
    folded = text.casefold().replace("ı", "i").replace("\u0307", "")  # as re.IGNORECASE has them
    folded = " ".join(folded.split())
    return not any(stem in folded for stem in _OF_ANY_ANSWER)


LETTER_ITSELF = (
    r"(?:l['’]|la\s|a\s|o\s|el\s|die\s|den\s|de\s)?(?:option|choice|letter|answer|buchstabe|lettre"
    r"|opción|opzione|opção|letra|lettera|alternativa|optie|litera|opcja|huruf|选项|選項|選択肢)"
)
"""What a letter may be called: "la opción C"."""

CHOOSE_ABROAD = (
    r"(?<!\w)(?:ich\s(?:wähle|nehme|tippe\sauf)|je\s(?:choisis|dirais|prends|pense\sque\sc['’]est)"
    r"|elijo|escojo|elegiría|scelgo|escolho|wybieram|seçiyorum|ik\skies|richtig\s(?:ist|wäre)"
    r"|korrekt\sist|es\sist|c['’]est(?:\sla(?:\sréponse)?)?)\s|我(?:认为|觉得)(?:是|选)?|本题选"
)
"""A verb whose object is the answer."""

EAST = (
    r"(?:答案|正确选项|正確選項|正解|答え|答|정답|답)\s{0,2}(?:应该|應該)?"
    r"(?:选择|选|選擇|選|为|為|是|は|은|는|[:：】]){1,2}"
)
POLITE_END = r"(?:です|でございます|である|だ|입니다|이다|이에요|예요|입니다요)?[。.！!]?\s*\Z"
"""What Japanese and Korean put behind the answer."""

REFUSALS = (
    r"(?:es\stut\smir\sleid|tut\smir\sleid|entschuldigung)\b.{0,60}\b(?:nicht|kein\w{0,2})\s"
    r"(?:\w{1,20}\s)?(?:helfen|beantworten|geben)"
    r"|(?:leider\skann\sich|ich\skann(?:\sleider)?)\s(?:diese|die|ihre|deine)\s(?:an)?frage\s"
    r"(?:leider\s)?nicht\s(?:beantworten|bearbeiten)\b"
    r"|(?:malheureusement,?\s)?je\sne\speux\s(?:malheureusement\s)?pas\s"
    r"(?:répondre\sà|vous\saider|traiter)\b"
    r"|(?:je\ssuis\s)?désolée?\b.{0,60}\bne\speux\spas"
    r"|lo\s(?:siento|lamento)\b.{0,60}\bno\spuedo"
    r"|mi\sdispiace\b.{0,60}\bnon\sposso|(?:desculpe|lamento|sinto\smuito)\b.{0,60}\bnão\sposso"
    r"|(?:很?抱歉|对不起|對不起).{0,20}(?:无法|無法|不能)|申し訳.{0,30}(?:できません|できかねます)"
    r"|죄송.{0,40}(?:없습니다|없어요)|извините.{0,60}не\sмогу|к\sсожалению.{0,60}не\sмогу"
)
"""How a model says, in a whole text, that it will not answer."""
UNKNOWN = (
    r"i\s(?:have\sno\sidea|could\snot\sfind|am\sunable\sto\s(?:determine|find|answer)).{0,60}|i['’]m\snot\scertain"
    r"|je\sne\s(?:le\s)?sais\spas|ich\swei(?:ß|ss)\s(?:es\s|das\s)?nicht|no\s(?:lo\s)?s[eé]"
    r"|non\s(?:lo\s)?so|não\s(?:o\s)?sei|nie\swiem|не\sзнаю|bilmiyorum|ik\sweet\shet\sniet|tidak\stahu"
    r"|(?:我)?不(?:太)?(?:知道|清楚|确定|確定)|わかりません|分かりません|모르겠습니다|모릅니다"
)
"""How it says that it does not know."""
