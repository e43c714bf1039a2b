use super::*;

/// Every claim of the text except amounts and periods, as `kind value`, in order.
fn promises(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    claims(text, &mut ClaimScratch::default(), &mut found);
    found
        .iter()
        .filter(|claim| !matches!(claim.kind, ClaimKind::Amount | ClaimKind::Period))
        .map(|claim| format!("{} {}", claim.kind.as_str(), (claim.value * 100.0).round() / 100.0))
        .collect()
}

fn of_kind(text: &str, kind: ClaimKind) -> Vec<f64> {
    let mut found = Vec::new();
    claims(text, &mut ClaimScratch::default(), &mut found);
    found
        .iter()
        .filter(|claim| claim.kind == kind)
        .map(|claim| (claim.value * 100.0).round() / 100.0)
        .collect()
}

#[track_caller]
fn table(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let got = promises(text).join(", ");
            (got != *expected).then(|| format!("{text}\n  expected {expected}\n  got      {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn masked_digits_count_as_the_least_they_can_be() {
    table(&[
        ("年化收益xx%", "yield 10"),
        ("年化收益x.x%", "yield 1"),
        ("年收益率1x%以上", "yield 10"),
        ("月息x分", "yield 12"),
        ("投资x万元，每月返x00元", "payout 100, yield 12"),
        ("日赚x00元", "payout 100"),
        ("月入某万", "payout 10000"),
        ("最高xx倍杠杆", "leverage 10"),
        ("分辨率1080x720，年化", ""),
        ("x86年化", ""),
        ("max年化", ""),
    ]);
}

#[test]
fn a_sum_with_its_time_is_a_stake() {
    table(&[
        ("每万元每月拿180", "payout 180, yield 21.6"),
        ("十万块放一年，每月返一千", "payout 1000, yield 12"),
        ("每万人每月获得300元", "payout 300"),
        ("10万一月1200", "payout 1200, yield 14.4"),
        ("投一万每年给一千三", "payout 1300, yield 13"),
        ("投一万每年给一千零三", "payout 1003, yield 10.03"),
        ("投一万每年给两百五十", "payout 250, yield 2.5"),
        ("投1000一天30", "payout 30, yield 1095"),
        ("8000步一天30", ""),
        ("第100天30", ""),
    ]);
}

#[test]
fn rates_become_percent_per_year() {
    table(&[
        ("年化15%", "yield 15"),
        ("年化收益率高达12%以上", "yield 12"),
        ("年化收益率为164.17%", "yield 164.17"),
        ("年化收益超200%", "yield 200"),
        ("预期回报率可达25%-35%", "yield 35"),
        ("收益率12%-15%", "yield 15"),
        ("稳健回报年化10~12%", "yield 12"),
        ("20%年息", "yield 20"),
        ("年利率达到40%", "yield 40"),
        ("年利息百分之十五", "yield 15"),
        ("收益十五个点", "yield 15"),
        ("年息一成五", "yield 15"),
        ("月息1分", "yield 12"),
        ("月息1分5厘", "yield 18"),
        ("月息一分五", "yield 18"),
        ("月息1.5%", "yield 18"),
        ("月息15%", "yield 180"),
        ("利息2分", "yield 24"),
        ("年息1分", "yield 10"),
        ("月利3分", "yield 36"),
        ("日息3‰", "yield 109.5"),
        ("日返2%", "yield 730"),
        ("承诺日回报4%-7%", "yield 2555"),
        ("静态日息1%-3%", "yield 1095"),
        ("每天能有十几个点的收益", "yield 3650"),
        ("每天收益1%", "yield 365"),
        ("按每天11%的固定收益率", "yield 4015"),
        ("每月返利10%", "yield 120"),
        ("每周分红3%", "yield 156"),
        ("每年10%", "yield 10"),
        ("半年20%", "yield 40"),
        ("半年收益20%", "yield 40"),
        ("3个月收益20%", "yield 81.11"),
        ("30天收益15%", "yield 182.5"),
        ("两年收益50%", "yield 25"),
        ("还按每年的投资额20%的比例作为回报", "yield 20"),
        ("赚取约12%的年化收益率", "yield 12"),
        ("每年就可以获得高达34.41%的投资回报", "yield 34.41"),
        ("收益率高达30%", "yield 30"),
        ("3%/月的回报", "yield 36"),
        ("保底收益8%", "yield 8"),
        ("租金回报7%", "yield 7"),
        ("高息8厘，月付", "yield 9.6"),
        ("溢价12%回购", "yield 12"),
        ("daily return 2%", "yield 730"),
    ]);
}

#[test]
fn multiples_and_paybacks_are_yields_when_a_time_is_named() {
    table(&[
        ("年收益翻倍", "multiple 2, yield 100"),
        ("资金翻倍", "multiple 2"),
        ("三日翻倍", "multiple 2, yield 12166.67"),
        ("5天翻番", "multiple 2, yield 7300"),
        ("翻3倍", "multiple 3"),
        ("收益翻两番", "multiple 4"),
        ("三倍回报", "multiple 3"),
        ("预期投资回报为3倍", "multiple 3"),
        ("回报以几十倍计算", "multiple 20"),
        ("拿5倍票房分红", "multiple 5"),
        ("回报倍数4.93", "multiple 4.93"),
        ("本金5万秒变50万！", "multiple 10"),
        ("5万变50万", "multiple 10"),
        ("1年后10万变13万", "multiple 1.3, yield 30"),
        ("3个月回本", "yield 405.56"),
        ("100天后就可以收回成本", "yield 365"),
        ("两年收回全部投资", "yield 50"),
        ("最多3个月可回本", "yield 405.56"),
    ]);
}

#[test]
fn payments_and_the_yield_they_mean() {
    table(&[
        ("投1万每月返300", "payout 300, yield 36"),
        ("投1万，每月返300元", "payout 300, yield 36"),
        ("每投资一万元，每月还可以领300元", "payout 300, yield 36"),
        ("每天返现50元", "payout 50"),
        ("日赚千元", "payout 1000"),
        ("日入10万", "payout 100000"),
        ("月入过万", "payout 10000"),
        ("投资5000元，日返100元", "payout 100, yield 730"),
        ("存10万，每月领1500元利息", "payout 1500, yield 18"),
        ("充值100u，每天收益5u", "payout 35, yield 1825"),
        ("每月分红3000元", "payout 3000"),
    ]);
}

#[test]
fn leverage_and_commission() {
    table(&[
        ("10倍杠杆", "leverage 10"),
        ("十倍杠杆炒股", "leverage 10"),
        ("杠杆高达20倍", "leverage 20"),
        ("配资1:10", "leverage 10"),
        ("1比8配资", "leverage 8"),
        ("3-10倍配资", "leverage 10"),
        ("返利30%", "rebate 30"),
        ("提成20%", "rebate 20"),
        ("动态推荐再享30%分成", "rebate 30"),
        ("推荐奖励10%", "rebate 10"),
        ("直推8%，间推5%", "rebate 8, rebate 5"),
        ("100%返利", "rebate 100"),
    ]);
}

#[test]
fn other_numbers_are_no_promises() {
    for text in [
        "2024年3月5日",
        "版本3.2.1",
        "电话13800138000",
        "3.5折优惠",
        "lpr下调0.25个百分点",
        "67.57亿元票房",
        "同比增长15%",
        "净利润增长25%",
        "收益率同比下降3%",
        "股票及存托凭证投资占基金资产的比例为60%-95%",
        "毛利率35%",
        "市占率20%",
        "首付30%",
        "税率13%",
        "信用卡分期年化利率18%",
        "房贷利率3.85%",
        "贷款月息0.8%",
        "五点半集合",
        "晚上八点",
        "考了95分",
        "5分钟",
        "10分公里",
        "一分钱一分货",
        "三分之一",
        "两倍速播放",
        "倍感荣幸",
        "是去年的3倍",
        "跑了10公里",
        "10万人报名",
        "3万名粉丝",
        "完成率98%",
        "纯度99.9%",
        "湿度60%",
        "正确率80%",
        "成功率90%",
        "通胀率2%",
        "gdp增速5%",
        "持股5%",
        "第3季度",
        "80后",
        "六成为女性",
        "分为三部分",
        "十分感谢",
        "千分感谢",
        "逾期罚息0.05%",
        "准备金率0.5%",
        "增速6.5%",
        "胜率80%",
        "电量剩余20%",
        "好评率99%",
        "24小时",
        "7天无理由退货",
        "满200减30",
        "身高1.75米",
        "价格3980元一台",
    ] {
        assert_eq!(promises(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn amounts_are_yuan() {
    for (text, expected) in [
        ("10万元起投", 100_000.0),
        ("二百元入资", 200.0),
        ("认购10万", 100_000.0),
        ("三千块", 3000.0),
        ("3万8", 38_000.0),
        ("一万五千元", 15_000.0),
        ("1.5亿元", 150_000_000.0),
        ("¥299", 299.0),
        ("100usdt", 700.0),
        ("5w起", 50_000.0),
        ("1,000元", 1000.0),
        ("10多万元", 100_000.0),
        ("几百块", 200.0),
    ] {
        assert_eq!(of_kind(text, ClaimKind::Amount), [expected], "{text}");
    }
    for text in ["10万人", "5万台", "3千米", "2024年", "100台", "1万股"] {
        assert_eq!(of_kind(text, ClaimKind::Amount), [0.0; 0], "{text}");
    }
}

#[test]
fn periods_are_days() {
    for (text, expected) in [
        ("三个月", 90.0),
        ("半年", 182.5),
        ("120天", 120.0),
        ("两年", 730.0),
        ("3周", 21.0),
        ("2个季度", 182.0),
        ("十二个月", 360.0),
    ] {
        assert_eq!(of_kind(text, ClaimKind::Period), [expected], "{text}");
    }
    for text in ["2024年", "3月5日", "80年代"] {
        assert!(!of_kind(text, ClaimKind::Period).contains(&(2024.0 * 365.0)), "{text}");
        assert!(!of_kind(text, ClaimKind::Period).contains(&5.0), "{text}");
    }
}

#[test]
fn spans_cover_the_number_and_its_unit() {
    for (text, expected) in [
        ("年化收益15%起", "15%"),
        ("月息1分5厘起", "1分5厘"),
        ("收益12%-15%哦", "12%-15%"),
        ("收益百分之十五起", "百分之十五"),
    ] {
        let mut found = Vec::new();
        claims(text, &mut ClaimScratch::default(), &mut found);
        assert_eq!(&text[found[0].start..found[0].end], expected);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[0-9一二三十百千万亿半几点成分厘倍翻变%‰.,:~-每月日年化收益返元天个推荐\n，。]{0,40}") {
        let mut found = Vec::new();
        claims(&text, &mut ClaimScratch::default(), &mut found);
        for claim in found {
            assert!(text.get(claim.start..claim.end).is_some_and(|words| !words.is_empty()));
        }
    }
}
