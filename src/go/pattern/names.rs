//! Names of Unicode classes that Go knows: categories, their long names, and scripts of one word.

/// Categories and what Go calls them besides.
const CATEGORIES: [(&str, &[&str]); 39] = [
    ("C", &["other"]),
    ("Cc", &["control", "cntrl"]),
    ("Cf", &["format"]),
    ("Cn", &["unassigned"]),
    ("Co", &["privateuse"]),
    ("Cs", &["surrogate"]),
    ("L", &["letter"]),
    ("LC", &["casedletter"]),
    ("Ll", &["lowercaseletter"]),
    ("Lm", &["modifierletter"]),
    ("Lo", &["otherletter"]),
    ("Lt", &["titlecaseletter"]),
    ("Lu", &["uppercaseletter"]),
    ("M", &["mark", "combiningmark"]),
    ("Mc", &["spacingmark"]),
    ("Me", &["enclosingmark"]),
    ("Mn", &["nonspacingmark"]),
    ("N", &["number"]),
    ("Nd", &["decimalnumber", "digit"]),
    ("Nl", &["letternumber"]),
    ("No", &["othernumber"]),
    ("P", &["punctuation", "punct"]),
    ("Pc", &["connectorpunctuation"]),
    ("Pd", &["dashpunctuation"]),
    ("Pe", &["closepunctuation"]),
    ("Pf", &["finalpunctuation"]),
    ("Pi", &["initialpunctuation"]),
    ("Po", &["otherpunctuation"]),
    ("Ps", &["openpunctuation"]),
    ("S", &["symbol"]),
    ("Sc", &["currencysymbol"]),
    ("Sk", &["modifiersymbol"]),
    ("Sm", &["mathsymbol"]),
    ("So", &["othersymbol"]),
    ("Z", &["separator"]),
    ("Zl", &["lineseparator"]),
    ("Zp", &["paragraphseparator"]),
    ("Zs", &["spaceseparator"]),
    ("Any", &[]),
];

/// Scripts whose name is one word. Go lays its tables out by names with underscores and looks them up without, so the others are unknown to it.
const SCRIPTS: &str = "Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille \
    Buginese Buhid Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Dogra \
    Duployan Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran \
    Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu \
    Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Medefaidrin Miao Modi Mongolian Mro Multani \
    Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage Osmanya Palmyrene Phoenician Rejang Runic Samaritan \
    Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo Sundanese Syriac Tagalog Tagbanwa Takri Tamil Tangsa Tangut \
    Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Yezidi Yi";

/// The name by which Rust's engine knows the class; case, underscores, hyphens and spaces do not count.
pub(super) fn lookup(name: &str) -> Option<String> {
    let plain: String = name
        .chars()
        .filter(|letter| !matches!(letter, '_' | '-' | ' '))
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    match plain.as_str() {
        "ascii" => return Some("ASCII".to_owned()),
        "assigned" => return Some("Assigned".to_owned()),
        _ => {}
    }
    let category = CATEGORIES
        .iter()
        .find(|(short, long)| short.eq_ignore_ascii_case(&plain) || long.contains(&plain.as_str()));
    if let Some((short, _)) = category {
        return Some((*short).to_owned());
    }
    let script = SCRIPTS
        .split_whitespace()
        .find(|script| script.eq_ignore_ascii_case(&plain))?;
    Some(format!("sc={script}"))
}
