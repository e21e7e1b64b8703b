"""What columns of texts and of labels are called, and what columns are called that hold neither.

Names are compared in any letter case, without accents, and word by word: `reviewText` is "review text". What a column
holds is looked at in `columns.py`.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from unicodedata import category, combining, normalize

TEXT_NAMES = {  # how telling a name is, and names, in several languages; below STRONG_NAME the longest texts win
    100: """avaliacao teksti পাঠ্য পর্যালোচনা রিভিউ மதிப்பாய்வு உரை velemeny recenzie отзив besedilo
        recenzija ocena_tekst tekstas teksts testua ressenya ulasan maandishi ጽሑፍ մեկնաբանություն text
        review sentence tweet utterance utt texte texto testo tekst текст текста 文本 正文 テキスト 本文
        텍스트 본문 टेक्स्ट पाठ نص النص متن טקסט κειμενο metin văn_bản ข้อความ teks szoveg rezension
        resena avaliacao_texto resenha recensione recensie recension anmeldelse recenze recenzja отзыв
        отзывы рецензия відгук рецензія 评论 評論 点评 評價內容 レビュー 口コミ 感想 리뷰 समीक्षा مراجعة
        المراجعة نظر ביקורת κριτικη yorum yorumlar inceleme gorus v2 nhận_xét bình_luận รีวิว arvostelu
        ertekeles_szoveg""",
    95: """comment narrative phrase document feedback opinion complaint kommentar commentaire comentario
        commento opmerking kommentti komentarz комментарий коментар 内容 評論內容 コメント 댓글 문장
        टिप्पणी تعليق التعليق تغريدة تويت دیدگاه نظرات תגובה σχολιο komentar rezensionstext avis
        critique opinione opinia мнение 意见 意見 แสดงความคิดเห็น satz oracion frase oracao zin zdanie
        предложение речення 句子 文章 文 वाक्य جملة جمله cumle câu statement""",
    90: """content message body post description article sms beschreibung descripcion descricao descrizione
        beschrijving opis описание опис 描述 描写 説明 설명 विवरण وصف توضیحات תיאור περιγραφη aciklama
        deskripsi mô_tả inhalt contenu contenido conteudo contenuto inhoud tresc содержание содержимое
        зміст コンテンツ 내용 سामग्री محتوى icerik konten nội_dung nachricht mensaje mensagem messaggio
        bericht wiadomosc сообщение повідомлення 消息 短信 メッセージ 메시지 संदेश رسالة פוסט mesaj
        pesan tin_nhắn tin_nhan beitrag твит пост twiit email mail transcript transcription lyrics essay
        resume plot synopsis overview notes note_de_degustation verkostungsnotiz abstract passage news
        kritik meinung corps cuerpo corpo story quote caption instruction prompt dialogue""",
    70: """question query request frage pregunta pergunta domanda vraag pytanie вопрос 问题 質問 질문
        प्रश्न سؤال soru headline premise pros""",
    40: """title subject summary answer response context hypothesis headlines titel titre titulo titolo
        tytul заголовок 标题 標題 タイトル 제목 शीर्षक عنوان baslik judul betreff objet asunto
        ueberschrift antwort reponse respuesta ответ 摘要 cons""",
}
LABEL_NAMES = {
    100: """লেবেল শ্রেণী অনুভূতি வகை eticheta етикет oznaka žyma etiķete silt etiketa kategorija መለያ label
        stance class sentiment emotion klasse etikett etiquette etiqueta etichetta etykieta rotulo
        stitek címke cimke etiket метка мітка класс клас 标签 標籤 标注 ラベル 레이블 라벨 लेबल وسم
        تصنيف التصنيف برچسب תווית ετικετα nhãn ป้ายกำกับ stimmung emocion emocao emozione emotie emocja
        gefuehl gefuhl sentimiento sentimento sentyment тональность эмоция емоція 情感 情绪 情緒 感情
        감정 감성 भावना المشاعر مشاعر احساس רגש συναισθημα duygu emosi sentimen cảm_xúc คลาส kelas
        etiketi v1 gold_label sentimientos emociones humeur""",
    95: """target category intent polarity variety varietal grape kategorie categorie categoria kategoria
        kategori категория категорія 类别 類別 分类 分類 カテゴリ カテゴリー 카테고리 분류 श्रेणी वर्ग
        فئة الفئة دسته קטגוריה κατηγορια danh_mục หมวดหมู่ luokka polarite polaridad polaridade polarita
        polaritat rebsorte sorte cepage variedad variedade varieta vitigno сорт 品种 品種 葡萄品种 druif
        intention absicht intencion intencao 意图 意図 의도 trida classe clase klasa osztaly klass sinif
        sınıf labeled annotation is_spam""",
    90: """spam toxic sarcastic sarcasm hate offensive ironic irony humor fake clickbait duplicate
        insincere positive hate_speech is_duplicate acceptability ham voted_up liked toxicity sarcastico""",
    85: """vurdering রেটিং penilaian puntuacio ocjena rating star stars bewertung sterne calificacion
        puntuacion valoracion estrellas estrelas avaliacao voto valutazione stelle beoordeling sterren
        ocena оценка рейтинг оцінка звезды hodnoceni betyg arvosana puan yildiz yıldız 评分 評分 星级
        星級 打分 評価 평점 별점 रेटिंग تقييم التقييم امتیاز דירוג βαθμολογια đánh_giá คะแนน ertekeles
        etoiles karakter note rate""",
    80: "score overall y grade 得分 점수 nota nilai điểm",
    75: """genre topic recommended recommend recommendation satisfaction satisfied outcome decision verdict
        technique priority severity urgency fraud fraudulent zufriedenheit satisfaccion satisfacao
        soddisfazione 满意度 genero genere gatunek жанр 体裁 类型 ジャンル 장르 شريحة tur tür thema
        sujet tema argomento onderwerp temat тема 主题 主題 トピック 주제 विषय موضوع الموضوع נושא θεμα
        konu topik chủ_đề subreddit mood status l1 durum""",
    40: """type style kind group cat section department subject tag flair product discipline dialect party
        art typ stil tipo estilo stile rodzaj тип вид стиль 种类 タイプ 유형 نوع प्रकार loại jenis
        ประเภท tags area""",
}
STRONG_NAME = 50
LONGEST_NAME = 40  # characters of a name that is known as a whole
NAME_LENGTH = 200  # characters of a name that are looked at
OTHER_NAMES = {  # how far below columns without a telling name, and the names
    1: """country source src origin publisher platform site website city state region province location
        place address nationality lang language locale store hotel winery brand company product_name
        name author reviewer user username writer annotator worker rater handle points price cost age
        amount gender keyword flag device app version timezone year month day hour airline helpful
        useful funny cool vote votes like likes confidence probability dislikes thumbs land pays pais
        paese pais_origen страна 国家 국가 देश بلد fuente quelle источник 来源 sprache langue idioma
        lingua язык 语言 autor auteur autore автор 作者 preis prix precio preco prezzo цена 价格 punkte
        ort ville ciudad cidade citta benutzer utilisateur usuario utente пользователь nombre nome nom
        subjectivity verified purchase edited""",
    2: """split subset set fold partition usage id ids idx index uid uuid guid key hash url uri link href
        date time datetime timestamp created updated at unnamed row line number num no count total
        length len size zip latitude longitude lat long phone email_address image img photo path file
        filename page ip checksum sha md5 fecha datum data_de дата 日期 時間 时间 날짜 तारीख تاريخ
        nummer numero номер words chars utc""",
}
MARKUP_NAMES = (
    "html",
    "xml",
    "markup",
    "json",
    "url",
    "uri",
    "link",
    "href",
    "path",
    "embedding",
    "vector",
    "tokens",
    "token",
)
SUFFIXES = ("id", "index", "idx", "name", "names", "code", "no", "str", "text", "title", "num")  # "category_id"
THINGS = ("product", "item", "store", "hotel", "movie", "book", "app", "company", "author", "customer", "parent")
AGGREGATES = ("average", "avg", "mean", "total", "num", "number", "count", "max", "min", "std")
AMOUNTS = """rating score points price cost amount age salary income overall stars grade value year votes likes
    views count number length preis prix precio preco prezzo цена 价格 가격 bewertung punkte note nota
    puntuacion оценка 评分"""


@dataclass(frozen=True)
class NameMatch:
    """How a column's name fits a role.

    Attributes:
        weight: In (0, 100], how telling it is.
        word: The known name in it.
    """

    weight: float
    word: str


def name_words(name: str) -> tuple[str, ...]:
    """The words of a column's name: in small letters, without accents, parted at signs and capital letters."""
    return _name_words(name[:NAME_LENGTH])


@lru_cache(4_096)
def _name_words(name: str) -> tuple[str, ...]:
    parted = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", normalize("NFKC", name))
    plain = (sign for sign in normalize("NFD", parted.casefold()) if not combining(sign) and category(sign) != "Cf")
    return tuple(normalize("NFC", "".join(sign if category(sign)[0] in "LMN" else " " for sign in plain)).split())


def match_text(name: str) -> NameMatch | None:
    """How a name fits a column of texts; None where it does not."""
    return None if is_markup(name) else _match(name_words(name), _weights("texts"), ())


def match_label(name: str) -> NameMatch | None:
    """How a name fits a column of labels; None where it does not."""
    words = name_words(name)
    found = _match(words, _weights("labels"), SUFFIXES)
    if found is None or len(words) < 2:
        return found
    share = 0.4 if set(words) & set(AGGREGATES) else 0.7 if words[0] in THINGS else 1
    return NameMatch(found.weight * share, found.word)


def is_known(name: str, role: str) -> bool:
    """Whether a short text is, as a whole, a name that columns of "texts" or of "labels" are known by."""
    return len(name) <= LONGEST_NAME and " ".join(name_words(name)) in _weights(role)


def is_markup(name: str) -> bool:
    """Whether a column holds what is written for programs, by its name."""
    return bool(set(name_words(name)) & set(MARKUP_NAMES))


def is_amount(name: str) -> bool:
    """Whether a column holds amounts rather than codes, by its name."""
    return bool(set(name_words(name)) & set(AMOUNTS.split()))


def distance(name: str) -> int:
    """How far a column that has no telling name stands behind others, by what it is called: 0 to 2."""
    words = name_words(name)
    if not words:
        return 0
    ranks = _weights("elsewhere")
    return int(max(ranks.get(word, ranks.get(word.rstrip("0123456789"), 0)) for word in words))


@cache
def _weights(role: str) -> dict[str, float]:
    table = {"texts": TEXT_NAMES, "labels": LABEL_NAMES, "elsewhere": OTHER_NAMES}[role]
    return {" ".join(name_words(name)): weight for weight, names in reversed(table.items()) for name in names.split()}


def _match(words: tuple[str, ...], weights: dict[str, float], suffixes: tuple[str, ...]) -> NameMatch | None:
    whole = " ".join(words)
    if whole in weights:
        return NameMatch(weights[whole], whole)
    words = tuple(word for word in words if not word.isdecimal())
    if not words:
        return None
    elsewhere, last = _weights("elsewhere"), _known(words[-1], weights)
    if last:
        return NameMatch(weights[last] * (1 if len(words) == 1 else 0.9), last)
    shares = dict.fromkeys(words[1:-1], 0.7) | {words[0]: 0.8}  # of the weight, by the place in the name
    if words[-1] in suffixes:
        shares = {word: share * 0.8 for word, share in shares.items()}
    elif words[-1] in elsewhere:
        return None
    found = [
        NameMatch(weights[known] * shares.get(word, 0), known)
        for word in words[:-1]
        if (known := _known(word, weights))
    ]
    for known, weight in weights.items():  # "reviewtext"; names of scripts without blanks are found anywhere
        inside = (
            len(known) > 3 and words[-1].endswith(known) if known.isascii() else len(known) > 1 and known in words[-1]
        )
        if inside:
            found.append(NameMatch(weight * 0.7, known))
    return max(found, key=lambda match: match.weight, default=None)


def _known(word: str, weights: dict[str, float]) -> str | None:
    """The known name that a word is, also in the plural and with a number behind it."""
    bare = word.rstrip("0123456789")
    return next(
        (each for each in (word, bare, bare.removesuffix("s"), bare.removesuffix("es")) if each in weights), None
    )
