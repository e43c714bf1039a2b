//! The named list of what normalizing may do to a character.

/// One transform: its stable name, what it does, and whether writers use it to get past filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transform {
    /// Stable kebab-case name, as hits and reasons show it.
    pub name: &'static str,
    /// One sentence, Chinese, for the reviewer.
    pub about: &'static str,
    /// Whether it points to evasion; half of the list is ordinary typing habit.
    pub evasive: bool,
}

const fn transform(name: &'static str, about: &'static str, evasive: bool) -> Transform {
    Transform { name, about, evasive }
}

/// Every transform, in the order of their bits in [`Bits`].
pub const TRANSFORMS: [Transform; 15] = [
    transform("width", "全角、半角、数学字体、带圈字母等兼容字形还原（NFKC）", false),
    transform("case", "大写字母改小写", false),
    transform("traditional", "繁体、异体改简体", false),
    transform("numeral", "带圈数字、大写数字等改为统一数字（①→1，壹→一，〇→零）", false),
    transform("punctuation", "去掉词内的引号、括号、书名号", false),
    transform("separator", "去掉词内插入的空格、标点、符号、表情", true),
    transform("invisible", "去掉零宽字符和控制字符", true),
    transform("combining", "去掉附加的组合符号", true),
    transform("lookalike", "形近字还原（夲→本）", true),
    transform("homophone", "谐音字还原（葆本→保本）", true),
    transform("split-character", "拆开的字合回（扌甲→押）", true),
    transform("bracketed-pinyin", "去掉括号注音（保(bǎo)本→保本）", true),
    transform("pinyin", "拼音还原为字（gao收益→高收益）", true),
    transform("repeated", "去掉重复的字（保保本本→保本）", true),
    transform("contact-alias", "联系方式的代称还原（薇信、vx→微信，扣扣→qq）", true),
];

/// A set of transforms, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Bits(u16);

impl Bits {
    /// No transform.
    pub const NONE: Self = Self(0);
    pub(super) const WIDTH: Self = Self(1);
    pub(super) const CASE: Self = Self(1 << 1);
    pub(super) const TRADITIONAL: Self = Self(1 << 2);
    pub(super) const NUMERAL: Self = Self(1 << 3);
    pub(super) const PUNCTUATION: Self = Self(1 << 4);
    pub(super) const SEPARATOR: Self = Self(1 << 5);
    pub(super) const INVISIBLE: Self = Self(1 << 6);
    pub(super) const COMBINING: Self = Self(1 << 7);
    pub(super) const LOOKALIKE: Self = Self(1 << 8);
    pub(super) const HOMOPHONE: Self = Self(1 << 9);
    pub(super) const SPLIT: Self = Self(1 << 10);
    pub(super) const BRACKETED: Self = Self(1 << 11);
    pub(super) const PINYIN: Self = Self(1 << 12);
    pub(super) const REPEATED: Self = Self(1 << 13);
    pub(super) const ALIAS: Self = Self(1 << 14);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The transforms of the set, in the order of [`TRANSFORMS`].
    pub fn iter(self) -> impl Iterator<Item = &'static Transform> {
        TRANSFORMS.iter().enumerate().filter(move |(bit, _)| self.0 & (1 << bit) != 0).map(|(_, entry)| entry)
    }
}

/// Whether the transform of this name points to evasion; false for unknown names.
pub fn is_evasive(name: &str) -> bool {
    TRANSFORMS.iter().any(|entry| entry.evasive && entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_names_its_entry() {
        let cases = [
            (Bits::WIDTH, "width"),
            (Bits::CASE, "case"),
            (Bits::TRADITIONAL, "traditional"),
            (Bits::NUMERAL, "numeral"),
            (Bits::PUNCTUATION, "punctuation"),
            (Bits::SEPARATOR, "separator"),
            (Bits::INVISIBLE, "invisible"),
            (Bits::COMBINING, "combining"),
            (Bits::LOOKALIKE, "lookalike"),
            (Bits::HOMOPHONE, "homophone"),
            (Bits::SPLIT, "split-character"),
            (Bits::BRACKETED, "bracketed-pinyin"),
            (Bits::PINYIN, "pinyin"),
            (Bits::REPEATED, "repeated"),
            (Bits::ALIAS, "contact-alias"),
        ];
        assert_eq!(cases.len(), TRANSFORMS.len());
        for (bits, name) in cases {
            assert_eq!(bits.iter().map(|entry| entry.name).collect::<Vec<_>>(), [name]);
        }
    }
}
