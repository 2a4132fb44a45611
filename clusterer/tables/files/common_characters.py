"""The most common letters and characters of languages, by which encodings are told apart."""

# The encodings of one byte per letter for other scripts, and the most common letters of these
# scripts: several encodings may give letters, but only one gives words.
SCRIPT_LETTERS = {
    "cp1251": "оеаинтсрвлкмі", "koi8_r": "оеаинтсрвлкмі", "cp866": "оеаинтсрвлкмі",
    "cp1253": "αοιετσςνηυρπκόίά", "cp1255": "יוהלאתרבמשנםן",
    "cp1256": "اليمونرتبةعدف", "cp874": "านรกเงอมยลวด่้ั",
}  # fmt: skip
# The letters beyond ASCII of languages with Latin letters.
WESTERN = {
    "de": "äöüß", "fr": "éèêëàâîïôùûüçœ", "es": "áéíóúñü", "it": "àèéìòù", "pt": "ãõáéíóúâêôçàü",
    "ca": "àçèéíïòóúüñ", "nl": "ëïéèöüá", "sv": "åäöé", "da": "æøåéö", "is": "áéíóúýðþæö",
}  # fmt: skip
CENTRAL = {
    "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű",
    "ro": "ăâîşţșț", "hr": "čćđšž",
}  # fmt: skip
BALTIC = {"lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž", "et": "äöüõšž"}
TURKISH = {"tr": "çğıöşüâİ"}
# In a draw the first encoding counts.
LATIN_ENCODINGS = {
    "cp1252": WESTERN, "cp1250": CENTRAL, "cp1254": TURKISH, "cp1257": BALTIC,
    "iso8859_2": CENTRAL, "cp850": WESTERN, "cp852": CENTRAL, "mac_roman": WESTERN,
}  # fmt: skip
# Signs that stand alone, around words or behind units.
SIGNS = frozenset("°µ²³¹§–—’‘“”„…€£«»·™®©½¼¾±×ªº")
JAPANESE = frozenset(
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選"
    "立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七"
    "成期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共"
    "得解名交資予川向際査勝面委告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品計増特情変男各"
    "始島直両価式確村提運終果西減台広容電歳住能無再位置格有口過局少税検町校料状工建語営空職土費種類量温湿号番齢鉄杉松車店"
)
CHINESE = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好"
    "都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法"
    "此实回二理美点月明其种全工己者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真世"
    "气信北少关并内加化由却代军产入先山五太水万市体别处总才场师书比住员九性通目华报立马命活难神数件安表原车白应路期常提感"
    "金何更反合放做系计或司利受光果界及今京务制解各任至清物台记边共接它八特度统色字交认算论百科元社结功指管龄姓类值序号温"
    "湿省县镇价格销售额率均城区量品型商收入"
)
