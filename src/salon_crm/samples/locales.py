"""What the names and mobiles of seventeen countries are put together from, in nine scripts.

Names are common ones of each language, the most common first; parts make the rarer family names. Nobody in
particular is meant. Every prefix followed by any seven digits is a mobile that its country could assign.
"""

from typing import Final

from attrs import field, frozen

from salon_crm.domain.privacy import OPERATOR, classed


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@frozen(field_transformer=classed)
class Locale:
    """A language as it is spoken in one country."""

    language: str = field(metadata=OPERATOR)
    script: str = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    """The country's calling code."""
    prefixes: tuple[str, ...] = field(converter=_words, metadata=OPERATOR)
    given: tuple[str, ...] = field(converter=_words, metadata=OPERATOR)
    family: tuple[str, ...] = field(converter=_words, metadata=OPERATOR)
    parts: tuple[str, ...] = field(converter=_words, metadata=OPERATOR)
    """What rarer family names are joined from, two or three at a time."""

    @property
    def is_latin(self) -> bool:
        return self.script == "Latin"

    @property
    def family_first(self) -> bool:
        """Whether names are written family name first, without a space."""
        return self.script in ("Han", "Kana", "Hangul")


LOCALES: Final = (
    Locale(
        "pt", "Latin", "351", "91 92 93 96",
        "Maria Ana João José Inês Rui Beatriz António Mariana Tiago Sofia Luís Catarina Gonçalo Joana Simão Conceição "
        "Vítor Lígia Estêvão",
        "Silva Santos Ferreira Pereira Costa Oliveira Martins Sousa Gonçalves Lopes Simões Conceição Magalhães Araújo "
        "Brandão Falcão Guimarães Leitão Queirós Sá",
        "ama bor can del fer gui lam mon nor pal quei ra sal tor val zê",
    ),
    Locale(
        "es", "Latin", "34", "61 62 65 66",
        "María José Carmen Antonio Lucía Javier Ana Martín Sofía Andrés Elena Iñaki Begoña Raúl Inés Ángel Ximena",
        "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Núñez Muñoz Ibáñez Zúñiga Peña Ordóñez "
        "Quiñones Güell Etxeberria",
        "al bar cas del es fuen gar ira lla mar ñe oro pala rui sol val",
    ),
    Locale(
        "en", "Latin", "44", "740 751 771 785",
        "Olivia Jack Emily James Sophie Thomas Grace William Chloe Zoë Siobhán Daniel Renée Seán Anne-Marie Imogen",
        "Smith Jones Taylor Brown Williams Wilson Evans O'Neill Brontë Davies O'Brien Wright Smith-Jones Hughes D'Arcy "
        "Fox Li Oakley",
        "ash brook croft den field ford ham hurst ley lock mere shaw stone thorpe wick worth",
    ),
    Locale(
        "de", "Latin", "49", "170 171 175 1511",
        "Anna Lukas Lena Jürgen Sophie Jörg Käthe Björn Ursula Günther Zoë Matthias Bärbel Uwe Annelie Götz",
        "Müller Schmidt Schneider Fischer Weiß Weber Schäfer König Groß Köhler Böhm Krüger Straßer Jäger Voß Öztürk "
        "Lüdenscheid Süß",
        "bach berg born brück dorf feld hof holz kamp lind mühl reich stein thal wald weiß",
    ),
    Locale(
        "fr", "Latin", "33", "61 62 66 68",
        "Marie Jean Camille Léa Hélène François Chloé Théo Élodie Benoît Zoé Anaïs Gaëlle Loïc Marie-Claire Noémie",
        "Martin Bernard Dubois Durand Lefèvre Petit Roux Moreau Garçon Lecœur L'Hôte Béranger Chênevert D'Aubigné "
        "Crépin Œuvrard",
        "beau bel chan court dé fon gran jac lan mont neu pré ri sé val ville",
    ),
    Locale(
        "it", "Latin", "39", "320 328 333 347",
        "Giulia Marco Francesca Andrea Chiara Matteo Niccolò Alessia Lucia Nicolò Zoe Ginevra Desirée Tommaso Fosca",
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo D'Angelo Ricci Pellicanò Dell'Acqua Cantù Fontana Nicolò",
        "al ber cal don fab gar lo man nel or pic ran sal tas ver zan",
    ),
    Locale(
        "pl", "Latin", "48", "50 60 66 72",
        "Anna Łukasz Katarzyna Paweł Małgorzata Michał Agnieszka Wojciech Zofia Stanisław Elżbieta Błażej Żaneta",
        "Nowak Kowalska Wiśniewski Wójcik Kamińska Lewandowski Zielińska Szymański Woźniak Dąbrowska Kozłowski Łęcki "
        "Źródłowska Ćwik",
        "bor chmie dę gra jaś kło leś mal now ol prze róż sło wie zą żar",
    ),
    Locale(
        "cs", "Latin", "420", "72 73 77",
        "Jana Jiří Eva Petr Kateřina Tomáš Lucie Ondřej Zdeněk Šárka Řehoř Božena Čeněk Věra Matěj Ľubica",
        "Nováková Novák Svoboda Dvořáková Černý Procházka Kučera Veselý Krejčí Říha Šťastný Žák Čížek Hájková Ježek",
        "bělo čer do háj hora kra luž mě no pol ře sko šim tůma ves žid",
    ),
    Locale(
        "tr", "Latin", "90", "532 542 505 555",
        "Ayşe Mehmet Fatma Mustafa Zeynep Işıl Çağla İbrahim Gülşen Ömer Şule Yiğit Ilgın Özge Doğan İrem",
        "Yılmaz Kaya Demir Çelik Şahin Yıldız Öztürk Aydın Işık Güneş İnce Özdemir Kılıç Doğan Uçar Ağaoğlu",
        "ak al bey çe demir er gök gül ışık kara kö öz sa şen taş yıl",
    ),
    Locale(
        "uk", "Cyrillic", "380", "50 63 67 93",
        "Олена Андрій Наталія Сергій Ірина Олександр Оксана Юрій Катерина Євген Їжак Софія Ґреґор Зоя Любов",
        "Шевченко Мельник Коваленко Бондаренко Ткаченко Кравчук Олійник Поліщук Гайдай Їжакевич Ющенко Ґудзь Яремчук",
        "бойко вер горо дуб зай кали лев мед ново орл полі рід сав тимо хмель чай",
    ),
    Locale(
        "el", "Greek", "30", "694 697 698",
        "Μαρία Γιώργος Ελένη Κώστας Αικατερίνη Δημήτρης Σοφία Ιωάννης Άννα Νίκος Ζωή Ηλίας Χαρά Φώτης",
        "Παπαδοπούλου Παπαδόπουλος Οικονόμου Νικολαΐδης Γεωργίου Δημητρίου Αντωνίου Ξένος Μακρής Βλάχος Καραγιάννης",
        "αγγε βασι γεωργα δημη θεο ιωα κωνστα λαμπρο μιχα νικο παπα σταυρο στερ χρη φωτ ψαρ",
    ),
    Locale(
        "he", "Hebrew", "972", "53",
        "נועה דוד שרה יוסף תמר משה מיכל דניאל רחל אבי יעל איתן הדס צבי",
        "כהן לוי מזרחי פרץ ביטון דהן אברהם פרידמן שפירא גולן בן־דוד ברק שלום",
        "אבן בר גל דר הר זה חן טל ים לב מר נור סלע עוז רון שד",
    ),
    Locale(
        "ar", "Arabic", "20", "100 101 111 122",
        "محمد فاطمة أحمد مريم علي عائشة إبراهيم نور حسن ليلى يوسف آمنة خالد هدى",
        "السيد حسين المصري إسماعيل الشريف عبدالله النجار سليمان الخطيب منصور القاضي بدوي",
        "ال بد جم حم خط دو راش سال شع صف عم فر كر مج نا وه",
    ),
    Locale(
        "hi", "Devanagari", "91", "981 982 991",
        "प्रिया राहुल अंजलि अमित सुनीता विकास दीपिका संजय कविता राजेश मीरा अर्जुन लक्ष्मी कृष्णा",
        "शर्मा वर्मा सिंह गुप्ता पटेल कुमार जोशी मिश्रा चौधरी अग्रवाल त्रिपाठी भट्ट",
        "अग कर गढ़ चंद जय देव धर नाथ पुर बल भद्र मल राज वाल शेख हरि",
    ),
    Locale(
        "zh", "Han", "886", "91 92 93 97",
        "淑芬 志明 美玲 俊傑 雅婷 家豪 怡君 建宏 佩珊 冠宇 麗華 子涵 玉 明",
        "陳 林 黃 張 李 王 吳 劉 蔡 楊 許 鄭 謝 歐陽",
        "司 馬 公 孫 夏 侯 東 方 尉 遲 皇 甫 令 狐 上 官",
    ),
    Locale(
        "ja", "Kana", "81", "901 905 801 805",
        "さくら ハルト ゆい タロウ あおい ケンジ ひなた ミサキ はな ジロウ めい ガク りん ユウキ",
        "さとう スズキ たかはし タナカ いとう ワタナベ やまもと ナカムラ こばやし カトウ よしだ ヤマダ",
        "あさ いし うえ おか かわ きた くろ さわ しま たけ なが のぐ はら まつ むら もり",
    ),
    Locale(
        "ko", "Hangul", "82", "102 103 104 109",
        "민준 서연 지훈 지우 현우 수빈 예은 도윤 하은 건우 유나 별 솔 한결",
        "김 이 박 최 정 강 조 윤 장 임 한 오 신 남궁 황보",
        "제 갈 선 우 독 고 사 공 서 문 동 방 어 금 망 절",
    ),
)  # fmt: skip
"""The locales, those with the most customers first."""
