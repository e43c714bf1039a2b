//! 类别: what sort of promise a rule is about, as people call it.

/// Code, Chinese name, English name; in the order of reports.
pub const CATEGORIES: &[(&str, &str, &str)] = &[
    ("PG", "保本保息", "Principal or interest guaranteed"),
    ("HY", "固定或高额回报", "Fixed or high return"),
    ("GE", "政府或央企背书", "State endorsement"),
    ("EX", "专家或明星背书", "Expert or celebrity endorsement"),
    ("PY", "拉人头返利", "Rewards for recruiting"),
    ("EC", "养老项目集资", "Elder-care fundraising"),
    ("VC", "虚拟货币与挖矿", "Virtual currency and mining"),
    ("OS", "原始股", "Pre-IPO shares"),
    ("PF", "私募公开宣传", "Private fund advertised to the public"),
    ("CR", "消费返利", "Consumption rebate"),
    ("CB", "收藏品回购", "Collectibles with buy-back"),
    ("AG", "农林种养殖", "Farming and adoption schemes"),
    ("RL", "售后返租", "Sale and lease-back of premises"),
    ("FI", "影视投资", "Film investment"),
    ("EL", "设备托管", "Machines under management"),
    ("MG", "场外配资", "Off-exchange margin"),
    ("ST", "荐股与外汇", "Stock tips and foreign exchange"),
    ("P2P", "网络借贷", "Peer-to-peer lending"),
    ("HP", "以房养老", "House-for-pension"),
    ("LO", "高息揽储与民间借贷", "Private loans and deposit taking"),
];

/// Chinese name of a category; the code itself when a local pack brought its own.
pub fn title_zh(code: &str) -> &str {
    CATEGORIES.iter().find(|(known, ..)| *known == code).map_or(code, |(_, zh, _)| zh)
}

/// English name of a category; the code itself when a local pack brought its own.
pub fn title_en(code: &str) -> &str {
    CATEGORIES.iter().find(|(known, ..)| *known == code).map_or(code, |(.., en)| en)
}
