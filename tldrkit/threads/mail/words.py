"""What mail programs write round the words of an answer, by language: a table.

Our own: of the libraries that know answers `quotequail` needs lxml and knows eight languages, the patterns of
`mail-parser-reply` take a time quadratic in the text, `email-reply-parser` knows English alone, `talon` is
heavy.
"""

from typing import NamedTuple


class Language(NamedTuple):
    """The words of a language; several are divided by a bar.

    Args:
        openers: What a line begins with that says who wrote what is quoted: "On" in "On Sunday Ann wrote:".
        verbs: What says there that they wrote.
        pronouns: Who may write beside the verb in prose: "On Sunday I wrote:".
        sender: The fields of a copied head, as are the next three.
        sent: When.
        to: To whom.
        subject: About what.
        original: What stands between rules above the copy of an answered message.
        device: What a telephone's signature begins or ends with; an ellipsis stands for its name.
        footer: What a list says below a rule.
    """

    openers: str = ""
    verbs: str = ""
    pronouns: str = ""
    sender: str = ""
    sent: str = ""
    to: str = ""
    subject: str = ""
    original: str = ""
    device: str = ""
    footer: str = ""


LANGUAGES = {
    "en": Language(
        openers="on|at|in|quoting",
        verbs="wrote|writes|said|says|posted|has written|quoting",
        pronouns="i|we|he|she|they|you|it|who|nobody|someone",
        sender="from",
        sent="sent|date|sent on",
        to="to|cc|bcc|reply-to|organization|importance|attachments",
        subject="subject",
        original="original message|original appointment|original mail|reply message|next part",
        device="sent from my|sent from mail for|sent from outlook|sent from yahoo|sent from proton|"
        "sent via|sent with|get outlook for|sent using",
        footer="unsubscribe|you are receiving this|you're receiving this|you received this|"
        "reply to this email|change your subscription|manage your subscription",
    ),
    "de": Language(
        openers="am|an|auf",
        verbs="schrieb|schrieben|schreibt|hat geschrieben|geschrieben hat|geschrieben",
        pronouns="habe|haben|ich|du|er|sie|wir|ihr|es|man|wer|jemand|niemand",
        sender="von",
        sent="gesendet|gesendet am|gesendet von|datum|versendet",
        to="an|cc|kopie|blindkopie|antwort an|wichtigkeit|anlagen|organisation",
        subject="betreff|thema",
        original="ursprüngliche nachricht|originalnachricht|original-nachricht|ursprüngliche e-mail|"
        "originale nachricht|ursprünglicher termin|orginalnachricht",
        device="von meinem … gesendet|von meinem … geschickt|von meiner … gesendet|gesendet von|"
        "gesendet mit|gesendet über|gesendet aus|outlook für",
        footer="abmelden|abbestellen|austragen|abmeldung|sie erhalten diese|du erhältst diese|"
        "antworte auf diese e-mail|antworten sie auf diese e-mail",
    ),
    "fr": Language(
        openers="le|en date du",
        verbs="a écrit|a ecrit|écrit|écrivait|a publié",
        pronouns="j'ai|ai|avons|je|tu|il|elle|nous|vous|ils|elles|on|qui",
        sender="de|expéditeur|from",
        sent="envoyé|envoyé le|date|date d'envoi",
        to="à|a|pour|cc|cci|destinataire|répondre à|importance",
        subject="objet|sujet",
        original="message d'origine|message original|message initial|courriel original",
        device="envoyé de mon|envoyé depuis|envoyé à partir|envoyé avec|envoyé par|obtenir outlook|"
        "télécharger outlook",
        footer="désabonn|désinscri|se désabonner|vous recevez ce|répondez à cet e-mail|répondre à ce "
        "courriel",
    ),
    "es": Language(
        openers="el|en|con fecha",
        verbs="escribió|escribio|ha escrito|escribe",
        pronouns="yo|tú|él|ella|nosotros|ellos|ellas|usted|quien|se|me|te",
        sender="de|remitente",
        sent="enviado|enviado el|enviada el|enviados|fecha|fecha de envío",
        to="para|a|cc|cco|destinatario|responder a|importancia",
        subject="asunto|tema",
        original="mensaje original|correo original",
        device="enviado desde|enviado de|enviado con|obtener outlook|descargar outlook",
        footer="darse de baja|darte de baja|cancelar la suscripción|cancelar su suscripción|anular la "
        "suscripción|"
        "recibe este|recibes este|responde a este correo",
    ),
    "it": Language(
        openers="il|in data|il giorno",
        verbs="ha scritto|scrive|scrisse|ha inviato",
        pronouns="io|tu|lui|lei|noi|voi|loro|egli|chi",
        sender="da|mittente",
        sent="inviato|inviato il|data|data invio",
        to="a|cc|ccn|per conoscenza|destinatario|rispondi a|priorità",
        subject="oggetto",
        original="messaggio originale|messaggio originario",
        device="inviato da|inviato dal|inviato con|inviato tramite|ottieni outlook|scarica outlook",
        footer="disiscri|cancellare l'iscrizione|annullare l'iscrizione|cancellarti|cancellarsi|ricevi "
        "questa|"
        "rispondi a questa e",
    ),
    "nl": Language(
        openers="op|in",
        verbs="schreef|schreven|heeft geschreven|geschreven|schrijft",
        pronouns="ik|jij|je|hij|zij|ze|wij|we|jullie|men|wie",
        sender="van|afzender",
        sent="verzonden|verzonden op|verstuurd|datum",
        to="aan|cc|bcc|antwoord aan|urgentie|bijlagen",
        subject="onderwerp",
        original="oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht",
        device="verzonden vanaf|verstuurd vanaf|verzonden van|verzonden met|verstuurd met|download outlook|"
        "outlook voor",
        footer="uitschrijven|afmelden|u ontvangt deze|je ontvangt deze|beantwoord deze e-mail",
    ),
    "da": Language(
        openers="den|d.|på",
        verbs="skrev|skriver|har skrevet",
        pronouns="jeg|du|han|hun|vi|de|man|hvem",
        sender="fra|afsender",
        sent="sendt|sendt den|dato",
        to="til|cc|kopi|svar til|prioritet|vedhæftet",
        subject="emne",
        original="oprindelig meddelelse|original meddelelse|oprindelig besked|oprindelig mail",
        device="sendt fra|sendt med|hent outlook|få outlook",
        footer="afmeld|frameld|du modtager denne|svar på denne e-mail|svar på denne mail",
    ),
    "sv": Language(
        openers="den|på|kl",
        verbs="skrev|skriver|har skrivit",
        pronouns="jag|du|han|hon|vi|ni|de|man|vem",
        sender="från|avsändare",
        sent="skickat|skickat den|skickades|datum",
        to="till|kopia|cc|hemlig kopia|svara till|prioritet",
        subject="ämne",
        original="ursprungligt meddelande|originalmeddelande|ursprungligt brev|originalbrev",
        device="skickat från|skickat med|hämta outlook|skaffa outlook",
        footer="avprenumerera|avregistrera|avsluta prenumeration|avanmäl|du får det här|svara på det här",
    ),
    "no": Language(
        openers="den|på|kl",
        verbs="skrev|skreiv|skriver|har skrevet",
        pronouns="jeg|eg|du|han|hun|vi|dere|de|man|hvem",
        sender="fra|frå|avsender",
        sent="sendt|dato|sendt den",
        to="til|kopi|cc|blindkopi|svar til",
        subject="emne",
        original="opprinnelig melding|opprinneleg melding|original melding|opprinnelig e-post",
        device="sendt fra|sendt frå|sendt med|hent outlook|få outlook",
        footer="avmeld|meld deg av|du mottar denne|svar på denne e-posten",
    ),
    "fi": Language(
        openers="",
        verbs="kirjoitti|kirjoittaa|on kirjoittanut",
        pronouns="minä|sinä|hän|me|te|he|kuka",
        sender="lähettäjä",
        sent="lähetetty|päivämäärä|päiväys|lähetysaika",
        to="vastaanottaja|kopio|piilokopio|vastaus|tärkeys",
        subject="aihe|otsikko",
        original="alkuperäinen viesti|alkuperäinen sähköposti",
        device="lähetetty|hanki outlook|lataa outlook",
        footer="peruuta tilaus|peruuttaa tilauk|poistua listalta|saat tämän|vastaa tähän sähköpostiin",
    ),
    "pl": Language(
        openers="w dniu|dnia|w|wiadomość napisana przez|użytkownik",
        verbs="napisał|napisała|napisał(a)|napisał/a|pisze|nadesłał|nadesłała|wiadomość napisana",
        pronouns="ja|ty|on|ona|my|wy|oni|kto|ktoś",
        sender="od|nadawca",
        sent="wysłano|wysłane|wysłany|data|data wysłania",
        to="do|dw|udw|kopia|adresat|odpowiedź do|ważność",
        subject="temat",
        original="oryginalna wiadomość|wiadomość oryginalna|original message|wiadomość pierwotna",
        device="wysłane z|wysłano z|wysłane za pomocą|pobierz outlook|pobierz program outlook",
        footer="wypisać|wypisz|zrezygnować z subskrypcji|anulować subskrypcję|otrzymujesz tę|"
        "odpowiedz na tego maila|odpowiedz na tę wiadomość",
    ),
    "pt": Language(
        openers="em|no dia|a|às|na",
        verbs="escreveu|escreveram|escreve|enviou",
        pronouns="eu|tu|ele|ela|nós|eles|elas|você|quem",
        sender="de|remetente",
        sent="enviado|enviado em|enviada|enviada em|data|data de envio",
        to="para|cc|cco|bcc|com cópia|responder a|responder para|importância",
        subject="assunto",
        original="mensagem original",
        device="enviado do|enviado a partir|enviado de|enviado pelo|enviado via|enviado com|obter o outlook|"
        "obtenha o outlook|baixe o outlook",
        footer="cancelar a inscrição|cancelar sua inscrição|cancelar a assinatura|cancelar a subscrição|"
        "descadastr|você está recebendo|você recebeu|responda a este e",
    ),
    "cs": Language(
        openers="dne|dňa|v",
        verbs="napsal|napsala|napsal(a)|píše|napísal|napísala|napísal(a)",
        pronouns="já|ty|on|ona|my|vy|oni|kdo|kto",
        sender="od|odesílatel|odosielateľ",
        sent="odesláno|odoslané|datum|dátum|posláno",
        to="komu|kopie|kópia|skrytá|pro|odpověď na",
        subject="předmět|predmet|věc",
        original="původní zpráva|původní e-mail|pôvodná správa",
        device="odesláno z|odesláno pomocí|odoslané z|získejte outlook|stáhněte si outlook",
        footer="odhlásit|zrušit odběr|odhlášení|tento e-mail jste obdrželi|odpovězte na tento e-mail",
    ),
    "ru": Language(
        openers="в|от|пользователь",
        verbs="написал|написала|написал(а)|написали|пишет|писал|писала|пише|написав|написала|пользователь",
        pronouns="я|ты|он|она|мы|вы|они|кто|він|вона|ми",
        sender="от|от кого|отправитель|від|від кого",
        sent="отправлено|дата|послано|отправлен|надіслано",
        to="кому|копия|скрытая копия|копія|важность",
        subject="тема",
        original="исходное сообщение|оригинальное сообщение|первоначальное сообщение|оригінальне "
        "повідомлення",
        device="отправлено с|отправлено из|отправлено через|отправлено от|отправлено мобильной|"
        "отправлено через|надіслано з|скачать outlook|получить outlook",
        footer="отписаться|отказаться от подписки|отмены подписки|вы получили это|ответьте на это письмо",
    ),
    "ja": Language(
        verbs="のメール|さんのメール|書きました|さんは書きました|が書きました|さんが書いた|さんからのメール",
        pronouns="私|僕|俺|彼|彼女",
        sender="差出人|送信者|from",
        sent="送信日時|日時|日付|送信日",
        to="宛先|受信者|cc",
        subject="件名",
        original="元のメッセージ|オリジナルメッセージ|元のメール|original message",
        device="iphoneから送信|ipadから送信|から送信|outlook for|を入手",
        footer="配信停止|購読解除|購読を解除|登録解除|退会|このメールに返信",
    ),
    "zh": Language(
        openers="在|于|於",
        verbs="写道|寫道|写到|寫到|撰写|说道",
        pronouns="我|你|他|她|我们|我們",
        sender="发件人|寄件者|寄件人|发信人|發件人",
        sent="发送时间|发送日期|寄件日期|傳送時間|日期|时间|時間|发件时间|發送時間|已发送|傳送日期",
        to="收件人|收件者|抄送|副本|收信人|密送",
        subject="主题|主旨|主題|标题",
        original="原始邮件|原始郵件|原邮件|原始消息|回复的原邮件|邮件原件",
        device="发自我的|從我的|发自|發自|获取 outlook|来自我的",
        footer="退订|取消订阅|取消訂閱|退訂|回复此邮件|回覆此郵件",
    ),
    "ko": Language(
        verbs="작성|님이 작성|님이 씀|님이 작성하였습니다|작성했습니다",
        pronouns="나는|내가|저는|제가",
        sender="보낸 사람|보낸사람|발신",
        sent="보낸 날짜|보낸날짜|날짜|보낸 시간|일시",
        to="받는 사람|받는사람|참조|수신",
        subject="제목",
        original="원본 메시지|원본 메일|원래 메시지|original message",
        device="에서 보냄|에서 보낸|outlook for",
        footer="수신 거부|수신거부|구독 취소|이 이메일에 답장",
    ),
    "tr": Language(
        openers="",
        verbs="şunu yazdı|yazdı|şunları yazdı|tarihinde",
        pronouns="ben|sen|o|biz|siz|onlar|kim",
        sender="kimden|gönderen",
        sent="gönderildi|tarih|gönderilme|gönderim tarihi",
        to="kime|bilgi|alıcı",
        subject="konu",
        original="orijinal mesaj|özgün ileti|orjinal mesaj|ilk mesaj",
        device="iphone'umdan gönderildi|dan gönderildi|den gönderildi",
        footer="abonelikten çık|aboneliği iptal",
    ),
    "hu": Language(
        openers="",
        verbs="ezt írta|írta|a következőt írta",
        pronouns="én|te|ő|mi|ti|ők|ki",
        sender="feladó",
        sent="elküldve|dátum|küldve",
        to="címzett|másolatot kap|másolat",
        subject="tárgy",
        original="eredeti üzenet|eredeti levél",
        device="az iphone-omról küldve|küldve",
        footer="leiratkoz",
    ),
    "ro": Language(
        openers="pe|în|la data",
        verbs="a scris",
        pronouns="eu|tu|el|ea|noi|voi|ei|cine",
        sender="de la|expeditor",
        sent="trimis|data",
        to="către|catre|la|cc",
        subject="subiect",
        original="mesaj original|mesajul original",
        device="trimis de pe|trimis din|trimis prin",
        footer="dezabon",
    ),
    "el": Language(
        openers="στις|την|στισ",
        verbs="έγραψε|έγραψαν",
        pronouns="εγώ|εσύ|αυτός|αυτή|εμείς|ποιος",
        sender="από",
        sent="στάλθηκε|ημερομηνία|αποστολή",
        to="προς|κοιν.|κοινοποίηση",
        subject="θέμα",
        original="αρχικό μήνυμα",
        device="στάλθηκε από",
        footer="καταργήσετε την εγγραφή|διαγραφή από τη λίστα",
    ),
    "ca": Language(
        openers="el|dia",
        verbs="va escriure|ha escrit",
        pronouns="jo|tu|ell|ella|nosaltres",
        sender="de",
        sent="enviat|data|enviat el",
        to="per a|a|cc",
        subject="assumpte",
        original="missatge original",
        device="enviat des",
        footer="donar-se de baixa",
    ),
    "vi": Language(
        openers="vào|ngày",
        verbs="đã viết",
        pronouns="tôi|anh|chị",
        sender="từ",
        sent="ngày|đã gửi",
        to="đến|tới",
        subject="chủ đề|tiêu đề",
        original="thư gốc",
        device="đã gửi từ",
    ),
    "hr": Language(
        verbs="napisao je|napisala je|je napisao|je napisala|piše|napisal|napisala|je napisal",
        pronouns="ja|ti|on|ona|mi|vi|jaz|kdo|tko",
        sender="šalje|pošiljatelj|od",
        sent="poslano|datum",
        to="prima|za|kopija|kp",
        subject="predmet|zadeva",
        original="izvorna poruka|izvirno sporočilo|originalna poruka",
    ),
    "bg": Language(
        openers="на",
        verbs="написа",
        pronouns="аз|той|тя|ние|кой",
        sender="от",
        sent="изпратено|дата",
        to="до|копие",
        subject="относно",
        original="оригинално съобщение",
    ),
    "he": Language(
        openers="בתאריך",
        verbs="כתב|כתבה|‏כתב",
        sender="מאת",
        sent="נשלח|תאריך",
        to="אל|עותק",
        subject="נושא",
        original="הודעה מקורית",
    ),
    "ar": Language(
        openers="في",
        verbs="كتب|كتبت|تمت كتابة",
        sender="من",
        sent="تاريخ الإرسال|أرسلت|التاريخ|تم الإرسال",
        to="إلى|نسخة",
        subject="الموضوع",
        original="الرسالة الأصلية",
    ),
    "lt": Language(verbs="rašė|parašė", sender="nuo", sent="išsiųsta|data", to="kam|kopija", subject="tema"),
    "lv": Language(verbs="rakstīja", sender="no", sent="nosūtīts|datums", to="kam|adresāts", subject="tēma"),
    "et": Language(
        verbs="kirjutas", sender="saatja|kellelt", sent="saadetud", to="adressaat|kellele", subject="teema"
    ),
}
"""Languages by their codes; Danish and Norwegian, Czech and Slovak, Croatian and Slovene share much."""

FORWARDED = (
    "forwarded message|forwarded by|begin forwarded message|weitergeleitete nachricht|weitergeleitet|"
    "anfang der weitergeleiteten|message transféré|message transmis|début du message réexpédié|"
    "début du message transféré|mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|"
    "inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht|videresendt meddelelse|"
    "start på videresendt|vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat|videresendt "
    "melding|"
    "videresendt|välitetty viesti|edelleenlähetetty|przekazana wiadomość|wiadomość przekazana|"
    "początek przekazywanej|mensagem encaminhada|mensagem reencaminhada|início da mensagem|přeposlaná zpráva|"
    "předaná zpráva|začátek přeposílané|пересылаемое сообщение|пересланное сообщение|"
    "начало переадресованного|転送メッセージ|転送されたメッセージ|转发的邮件|转发邮件|轉寄郵件|"
    "轉寄的郵件|전달된 메시지"
)
"""What stands above a message that is handed on whole, which is no copy of what is answered."""
SUBJECT_PREFIXES = (
    "re|fwd?|fw|aw|antw|antwort|wg|sv|vs|tr|rv|rif|ref|res|enc|r|i|odp|pd|vb|vl|ang|ynt|ilt|vá|továbbítás|"
    "svar|doorst|rép|réf|hal|na|отв|пересл|ответ|на|回复|回覆|答复|转发|轉寄|返信|転送|답장|전달|απ|πρθ"
)
"""What mail programs write before the subject of an answer or of a message that is handed on."""
