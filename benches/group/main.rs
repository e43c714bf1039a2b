//! How well and how fast ads of one family are brought together, on generated ads with known families.
//!
//! `cargo bench --bench group -- [ADS]` makes ADS ads (default 100000; 1000000 for the full measure) in a tenth as many
//! families, in mixed order. Families share sentences of the trade; the ads of one differ by small edits: other numbers
//! and contacts, characters changed, dropped or doubled, sentences moved, marks and tricks put in. SimHash with the same
//! shingles stands beside MinHash for comparison, and campaigns are grown from the same ads.
//!
//! `cargo bench --bench group -- store [ADS]` records the same ads in a database instead, and says what one more costs.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to the terminal")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

mod store;

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use adwatch::domain::ad::AdId;
use adwatch::domain::campaign::{Tie, TieKind};
use adwatch::domain::party::ContactKind;
use adwatch::group::campaign::{Campaigns, Limits};
use adwatch::group::family::Families;
use adwatch::group::near_text::Signature;
use adwatch::text::{Normalizer, Tables};

fn main() {
    let n_ads: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let n_families = (n_ads / 10).max(1);
    println!("{n_ads} ads in {n_families} families");
    let normalizer = Normalizer::new(&Tables::embedded());
    if std::env::args().skip(1).any(|word| word == "store") {
        return store::measure(&normalizer, n_ads, n_families);
    }
    families(&normalizer, n_ads, n_families);
    simhash(&normalizer, n_ads.min(100_000), n_families.min(10_000));
    campaigns(n_ads.min(200_000));
}

/// Grows families and says how right they are, and what one more ad costs at each size.
fn families(normalizer: &Normalizer, n_ads: usize, n_families: usize) {
    let mut families = Families::default();
    let mut pairs: HashMap<(u32, u32), u64> = HashMap::new();
    let mut signing = Duration::ZERO;
    let mut window: Vec<Duration> = Vec::new();
    for (family, text) in ads(n_ads, n_families) {
        let begin = Instant::now();
        let signature = Signature::of(normalizer, &text);
        signing += begin.elapsed();
        let signature = signature.unwrap();
        let begin = Instant::now();
        let placed = families.insert(&signature);
        window.push(begin.elapsed());
        *pairs.entry((placed.family, family)).or_default() += 1;
        let n = pairs_so_far(&window, n_ads);
        if let Some(label) = n {
            let recent = &mut window[label - label.min(10_000)..label].to_vec();
            recent.sort_unstable();
            println!(
                "minhash   at {label:>8} ads: insert p50 {:>5.1} µs, p99 {:>6.1} µs, worst {:>6.1} µs",
                micros(recent[recent.len() / 2]),
                micros(recent[recent.len() * 99 / 100]),
                micros(recent[recent.len() - 1]),
            );
        }
    }
    println!("minhash   signature: {:.1} µs per ad", micros(signing) / n_ads as f64);
    report("minhash", &pairs, families.len());
}

/// The sizes at which the cost of one more ad is shown.
fn pairs_so_far(window: &[Duration], n_ads: usize) -> Option<usize> {
    let n = window.len();
    ([10_000, 100_000, 1_000_000].contains(&n) || n == n_ads).then_some(n)
}

/// The same with SimHash: 64 bits, four blocks of 16, a distance of 3 at most, the first ad of a family leads.
fn simhash(normalizer: &Normalizer, n_ads: usize, n_families: usize) {
    let mut leaders: Vec<u64> = Vec::new();
    let mut by_block: HashMap<(u8, u16), Vec<u32>> = HashMap::new();
    let mut pairs: HashMap<(u32, u32), u64> = HashMap::new();
    let mut inserting = Duration::ZERO;
    for (family, text) in ads(n_ads, n_families) {
        let hash = simhash_of(normalizer, &text);
        let begin = Instant::now();
        let blocks = (0..4_u8).map(|block| (block, (hash >> (16 * block) & 0xffff) as u16));
        let candidates = blocks.clone().filter_map(|block| by_block.get(&block)).flatten();
        let closest = candidates
            .map(|leader| ((leaders[*leader as usize] ^ hash).count_ones(), *leader))
            .filter(|(distance, _)| *distance <= 3)
            .min();
        let placed = closest.map_or_else(
            || {
                leaders.push(hash);
                let leader = leaders.len() as u32 - 1;
                for block in blocks {
                    by_block.entry(block).or_default().push(leader);
                }
                leader
            },
            |(_, leader)| leader,
        );
        inserting += begin.elapsed();
        *pairs.entry((placed, family)).or_default() += 1;
    }
    println!("simhash   at {n_ads:>8} ads: insert {:.1} µs on average", micros(inserting) / n_ads as f64);
    report("simhash", &pairs, leaders.len());
}

fn simhash_of(normalizer: &Normalizer, text: &str) -> u64 {
    let words = normalizer.normalize(text).text;
    let chars: Vec<char> = words.chars().filter(|c| c.is_alphanumeric() && !c.is_ascii_digit()).collect();
    let mut sums = [0_i32; 64];
    for pair in chars.windows(2) {
        let mut hash = u64::from(pair[0] as u32) << 32 | u64::from(pair[1] as u32);
        hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^= hash >> 31;
        for (bit, sum) in sums.iter_mut().enumerate() {
            *sum += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    sums.iter().enumerate().filter(|(_, sum)| **sum > 0).fold(0, |hash, (bit, _)| hash | 1 << bit)
}

/// Pairwise precision and recall of clusters against the families that were made.
fn report(name: &str, counts: &HashMap<(u32, u32), u64>, n_clusters: usize) {
    let n_pairs = |n: u64| n * (n - 1) / 2;
    let mut of_cluster: HashMap<u32, u64> = HashMap::new();
    let mut of_family: HashMap<u32, u64> = HashMap::new();
    for ((cluster, family), n) in counts {
        *of_cluster.entry(*cluster).or_default() += n;
        *of_family.entry(*family).or_default() += n;
    }
    let right: u64 = counts.values().map(|n| n_pairs(*n)).sum();
    let found: u64 = of_cluster.values().map(|n| n_pairs(*n)).sum();
    let made: u64 = of_family.values().map(|n| n_pairs(*n)).sum();
    println!(
        "{name:<9} pairwise precision {:.4}, recall {:.4}; {n_clusters} clusters of {} families",
        right as f64 / found.max(1) as f64,
        right as f64 / made.max(1) as f64,
        of_family.len(),
    );
}

/// Grows campaigns: each promoter has two contacts and a host, ads show one or two of them, and one in three shows the
/// hotline of a hosting company that everybody shares.
fn campaigns(n_ads: usize) {
    let mut dice = Dice(20_261_124);
    let mut campaigns = Campaigns::new(Limits::embedded().unwrap());
    let mut counts: HashMap<(u32, u32), u64> = HashMap::new();
    let mut times: Vec<Duration> = Vec::with_capacity(n_ads);
    let n_promoters = (n_ads / 20).max(1);
    let tie = |kind, value: String| Tie { kind: TieKind::Contact(kind), value };
    let promoters: Vec<(AdId, usize)> =
        (0..n_ads).map(|n| (AdId::parse(&format!("ad-{n}")).unwrap(), dice.below(n_promoters))).collect();
    for (ad, promoter) in &promoters {
        let own = [
            tie(ContactKind::Mobile, format!("138{promoter:08}")),
            tie(ContactKind::Wechat, format!("boss{promoter}")),
            tie(ContactKind::Host, format!("p{promoter}.example")),
        ];
        let mut ties: BTreeSet<Tie> = BTreeSet::new();
        let first = dice.below(3);
        ties.insert(own[first].clone());
        ties.insert(own[(first + dice.below(3)) % 3].clone());
        if dice.below(3) == 0 {
            ties.insert(tie(ContactKind::ServiceLine, format!("400{:07}", dice.below(20))));
        }
        let begin = Instant::now();
        campaigns.add(ad, None, &ties);
        times.push(begin.elapsed());
    }
    let mut numbers: HashMap<AdId, u32> = HashMap::new();
    for (ad, promoter) in &promoters {
        let campaign = campaigns.campaign(ad).unwrap();
        let next = numbers.len() as u32;
        let number = *numbers.entry(campaign).or_insert(next);
        *counts.entry((number, *promoter as u32)).or_default() += 1;
    }
    times.sort_unstable();
    println!(
        "campaigns {n_ads} ads of {n_promoters} promoters: add p50 {:.1} µs, p99 {:.1} µs, worst {:.1} µs",
        micros(times[times.len() / 2]),
        micros(times[times.len() * 99 / 100]),
        micros(times[times.len() - 1]),
    );
    report("campaigns", &counts, numbers.len());
}

/// Ads in mixed order, each with the number of its family.
fn ads(n_ads: usize, n_families: usize) -> impl Iterator<Item = (u32, String)> {
    let mut order = Dice(7);
    (0..n_ads).map(move |n| {
        // Every family gets its turn, in an order that the dice shift.
        let family = if n < n_families { n } else { order.below(n_families) };
        let mut dice = Dice(family as u64 * 2 + 1);
        let text = base(&mut dice, family);
        let mut edits = Dice((n as u64) << 20 | 5);
        (family as u32, edited(&mut edits, text))
    })
}

const OPENINGS: [&str; 12] = [
    "年化收益18%，保本保息",
    "高收益理财，名额有限",
    "养老床位火热预订",
    "原始股内部认购",
    "空投矿机日返1%",
    "国企背书稳健收益",
    "投资一万月返九百",
    "认养一头牛到期回购",
    "旺铺返租十年包租",
    "影视份额火爆认购",
    "配资十倍秒到账",
    "老师带单稳赚不赔",
];
const MIDDLES: [&str; 24] = [
    "每年福利补贴12%",
    "到期全额返还本金",
    "签订正规合同",
    "第三方担保",
    "银行资金存管",
    "随时可以提现",
    "推荐好友另有奖励",
    "交三万元即可入住",
    "每头三万元一年收回",
    "合同期满溢价回购",
    "上市至少翻三倍",
    "每股两元起购",
    "一百天回本",
    "拉三人升级矿主",
    "不收取任何手续费",
    "政府重点扶持项目",
    "央企入股背书",
    "专家团队操盘",
    "月月分红到账",
    "房产抵押更放心",
    "零风险高回报",
    "会员日日返现",
    "消费全额返还",
    "一次投入终身受益",
];
const ENDINGS: [&str; 8] = [
    "欢迎咨询",
    "名额有限速来",
    "先到先得",
    "详情加微信",
    "电话预约参观",
    "扫码进群",
    "今天最后一天",
    "转发有奖",
];
const SYLLABLES: &str = "金诺恒泰瑞丰天溢中晟华鼎鑫源博雅安信聚宝康颐福寿绿源宏远盛世和顺利云瀚海嘉禾景程德润宝隆万通永兴广汇同仁正大东方新锐百川千禧玉龙凤翔青松白鹭紫荆红枫长江黄山泰岳昆仑";
const PLACES: [&str; 16] = [
    "北京", "上海", "深圳", "广州", "杭州", "成都", "武汉", "南京", "重庆", "天津", "郑州", "济南", "西安",
    "长沙", "合肥", "昆明",
];
const WORDS: [&str; 20] = [
    "养老公寓",
    "生态农场",
    "矿机托管",
    "影视基金",
    "文旅小镇",
    "健康产业",
    "数字藏品",
    "新能源车",
    "充电宝",
    "白酒封坛",
    "茶山认养",
    "沉香",
    "民宿",
    "中药材",
    "肉牛",
    "跨境电商",
    "社区团购",
    "智能硬件",
    "稀土现货",
    "海外地产",
];

/// The first ad of a family: what it sells, who, where, how, in sentences that others use as well.
fn base(dice: &mut Dice, family: usize) -> String {
    let syllables: Vec<char> = SYLLABLES.chars().collect();
    let name: String = (0..3).map(|_| syllables[dice.below(syllables.len())]).collect();
    let mut parts = vec![
        OPENINGS[dice.below(OPENINGS.len())].to_owned(),
        format!("{}{name}{}项目", PLACES[dice.below(PLACES.len())], WORDS[dice.below(WORDS.len())]),
    ];
    // A sentence that only this family has, of characters of the trade.
    let own: String = (0..14).map(|_| syllables[dice.below(syllables.len())]).collect();
    parts.push(format!("{own}为您服务"));
    for _ in 0..2 + dice.below(3) {
        parts.push(MIDDLES[dice.below(MIDDLES.len())].to_owned());
    }
    parts.push(ENDINGS[dice.below(ENDINGS.len())].to_owned());
    parts.push(format!("电话138{:08}", family));
    parts.join("，")
}

/// One to four small edits.
fn edited(dice: &mut Dice, text: String) -> String {
    let mut text = text;
    for _ in 0..1 + dice.below(4) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = dice.below(chars.len());
        match dice.below(9) {
            0 => chars[at] = '的',
            1 => {
                chars.remove(at);
            }
            2 => chars.insert(at, '★'),
            3 => chars.insert(at, '\u{200b}'),
            4 => {
                for c in chars.iter_mut().filter(|c| c.is_ascii_digit()) {
                    *c = char::from(b'0' + dice.below(10) as u8);
                }
            }
            5 => {
                let all: String = chars.iter().collect();
                let mut parts: Vec<&str> = all.split('，').collect();
                let len = parts.len();
                parts.swap(dice.below(len), dice.below(len));
                chars = parts.join("，").chars().collect();
            }
            6 => chars.extend("！！速来".chars()),
            7 => chars = format!("【重磅】{}", chars.iter().collect::<String>()).chars().collect(),
            _ => chars = chars.iter().collect::<String>().replace('，', "\n").chars().collect(),
        }
        text = chars.into_iter().collect();
    }
    text
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// SplitMix64: the same ads in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ value >> 31) % n as u64) as usize
    }
}
