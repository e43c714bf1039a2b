//! What people call the values of the work, in Chinese and in English: the same in terminal, pages, mail and evidence.

use super::ad::AdKind;
use super::capture::CapturePurpose;
use super::finding::FindingState;
use super::hit::{HitStatus, Severity, Track};
use super::lead::LeadState;
use super::review::{DismissReason, SkipReason, Verdict};
use super::run::RunOutcome;
use super::source::SourceKind;

/// One meaning in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Simplified Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

const fn both(zh: &'static str, en: &'static str) -> Label {
    Label { zh, en }
}

impl HitStatus {
    /// What the context says, for people.
    pub fn label(self) -> Label {
        match self {
            Self::Asserted => both("广告自身宣称", "the ad's own promise"),
            Self::Negated => both("否定语境", "denied"),
            Self::Warned => both("警示提醒", "warned about"),
            Self::Reported => both("新闻或案例报道", "reported"),
            Self::Quoted => both("引用法条或释义", "quoted"),
            Self::Hypothetical => both("假设语气", "hypothetical"),
            Self::Licensed => both("持牌机构", "licensed institution"),
            Self::NotAd => both("不构成广告", "not an advertisement"),
        }
    }
}

impl SkipReason {
    /// Why it was passed over, for people.
    pub fn label(self) -> Label {
        match self {
            Self::Unsure => both("拿不准", "cannot tell"),
            Self::NeedsFacts => both("需先核实", "needs facts first"),
            Self::NotMine => both("应由他人审核", "somebody else should decide"),
        }
    }
}

impl Severity {
    /// 严重程度 in words.
    pub fn label(self) -> Label {
        match self.level() {
            4 => both("严重", "severe"),
            3 => both("较重", "serious"),
            2 => both("一般", "moderate"),
            _ => both("轻微", "slight"),
        }
    }
}

impl Track {
    /// Which power it falls under.
    pub fn label(self) -> Label {
        match self {
            Self::A => both("涉嫌广告违法（广告法）", "suspected advertising offence (Advertising Law)"),
            Self::B => both("涉嫌非法集资线索", "lead on suspected illegal fundraising"),
        }
    }
}

impl FindingState {
    /// 状态.
    pub fn label(self) -> Label {
        match self {
            Self::Pending => both("待审", "pending"),
            Self::SecondReview => both("待复核", "second review"),
            Self::NeedsEvidence => both("待补充", "needs evidence"),
            Self::Accepted => both("涉嫌违法", "suspected"),
            Self::Dismissed => both("已排除", "dismissed"),
        }
    }
}

impl DismissReason {
    /// 排除理由.
    pub fn label(self) -> Label {
        match self {
            Self::Warning => both("风险警示或反诈宣传", "a warning or anti-fraud notice"),
            Self::News => both("新闻、判决或法规", "news, a verdict or a statute"),
            Self::Licensed => both("持牌机构在许可范围内", "a licensed institution within its licence"),
            Self::NotAd => both("不构成广告", "not an advertisement"),
            Self::Duplicate => {
                both("重复（请在备注写明与哪一条重复）", "a duplicate (name the other in the note)")
            }
            Self::Other => both("其他（请在备注说明）", "something else (say it in the note)"),
        }
    }
}

impl Verdict {
    /// 审核结论.
    pub fn label(&self) -> Label {
        match self {
            Self::Accept { .. } => both("认为涉嫌违法", "found suspect"),
            Self::Dismiss { .. } => both("排除", "dismissed"),
            Self::NeedEvidence => both("证据不足，待补充", "asked for more evidence"),
            Self::AskSecond => both("提请他人复核", "asked another person to decide"),
            Self::Undo => both("撤销上一决定", "took back the last decision"),
        }
    }
}

impl AdKind {
    /// What sort of thing carries the words.
    pub fn label(self) -> Label {
        match self {
            Self::Display => both("页面广告位", "page ad"),
            Self::Article => both("文章", "article"),
            Self::AppListing => both("应用介绍", "app listing"),
            Self::Post => both("账号发布", "post"),
            Self::Landing => both("落地页", "landing page"),
            Self::Text => both("文本", "text"),
        }
    }
}

impl CapturePurpose {
    /// Why the page was fetched.
    pub fn label(self) -> Label {
        match self {
            Self::Discover => both("列表页", "list page"),
            Self::Page => both("发布页面", "page"),
            Self::Landing => both("下一级链接（落地页）", "landing page"),
            Self::Picture => both("广告图片", "picture of an ad"),
            Self::Popup => both("弹出窗口", "pop-up"),
        }
    }
}

impl LeadState {
    /// 线索状态.
    pub fn label(self) -> Label {
        match self {
            Self::Verifying => both("核查中", "verifying"),
            Self::Filed => both("已立案", "filed"),
            Self::Decided => both("已决定", "decided"),
            Self::Declined => both("不予立案", "not filed"),
            Self::Transferred => both("已移送", "transferred"),
            Self::Closed => both("已结案", "closed"),
            Self::Withdrawn => both("已撤回", "withdrawn"),
        }
    }
}

impl SourceKind {
    /// 来源类型; adapters have titles of their own.
    pub fn label(&self) -> Label {
        match self {
            Self::NewsSite => both("新闻网站", "news site"),
            Self::AppStore => both("应用商店", "app store"),
            Self::TelegramChannel => both("Telegram 频道", "Telegram channel"),
            Self::WeiboTimeline => both("微博时间线", "Weibo timeline"),
            Self::Import => both("导入文件", "imported files"),
            Self::Adapter(_) => both("适配器", "adapter"),
        }
    }
}

impl RunOutcome {
    /// How a look ended, without its detail.
    pub fn label(&self) -> Label {
        match self {
            Self::Ok => both("正常", "read"),
            Self::Empty => both("无内容", "empty"),
            Self::SlotOnly => both("仅有广告位", "slots without creatives"),
            Self::Partial { .. } => both("部分失败", "partly failed"),
            Self::RobotsDenied => both("robots.txt 不允许", "denied by robots.txt"),
            Self::RateLimited => both("被限速", "rate limited"),
            Self::Blocked { .. } => both("被拒绝", "refused"),
            Self::LoginWall => both("需要登录", "login wall"),
            Self::Gone => both("已删除", "removed"),
            Self::ShapeChanged { .. } => both("格式已变", "format changed"),
            Self::TooLarge { .. } => both("过大", "too large"),
            Self::Charset => both("编码无法识别", "unknown charset"),
            Self::Network { .. } => both("无响应", "no answer"),
        }
    }
}
