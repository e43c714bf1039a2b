//! What columns are usually called.

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Who reported, however many columns tell it. Kept apart from the ad.
    Reporter,
    /// The words to judge; the only field that must be there.
    Text,
    /// A headline.
    Title,
    /// The page where it stood.
    Url,
    /// Where it leads.
    Landing,
    /// Who advertises.
    Advertiser,
    /// Who publishes: account, channel, sending number.
    Publisher,
    /// When it was published or received.
    Published,
    /// The label 广告, 推广 or 赞助.
    Label,
    /// The platform's name for it.
    Id,
}

impl Field {
    /// Every field; an earlier one takes a column that two could be guessed to hold.
    pub const ALL: [Self; 10] = [
        Self::Reporter,
        Self::Text,
        Self::Title,
        Self::Landing,
        Self::Url,
        Self::Advertiser,
        Self::Publisher,
        Self::Published,
        Self::Label,
        Self::Id,
    ];

    /// Its name in `--map`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Text => "text",
            Self::Title => "title",
            Self::Url => "url",
            Self::Landing => "landing",
            Self::Advertiser => "advertiser",
            Self::Publisher => "publisher",
            Self::Published => "published",
            Self::Label => "label",
            Self::Id => "id",
        }
    }

    /// The field of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }

    /// The headings that usually stand over it, the surest first, in their folded form.
    pub fn usual_headings(self) -> &'static [&'static str] {
        match self {
            Self::Reporter => &[
                "举报人",
                "举报人姓名",
                "举报人电话",
                "举报人手机",
                "举报人手机号",
                "举报人手机号码",
                "举报人号码",
                "举报人联系方式",
                "举报人联系电话",
                "举报人地址",
                "举报人证件号",
                "举报人身份证号",
                "举报手机号",
                "投诉人",
                "投诉人姓名",
                "投诉人电话",
                "投诉人联系方式",
                "投诉人联系电话",
                "投诉人地址",
                "投诉号码",
                "诉求人",
                "诉求人姓名",
                "诉求人电话",
                "反映人",
                "反映人姓名",
                "反映人电话",
                "来电人",
                "来电人姓名",
                "来电号码",
                "来电电话",
                "市民姓名",
                "市民电话",
                "申诉人",
                "申诉人电话",
                "姓名",
                "联系人",
                "联系电话",
                "联系方式",
                "手机",
                "手机号",
                "手机号码",
                "电话",
                "电话号码",
                "身份证",
                "身份证号",
                "身份证号码",
                "证件号码",
                "住址",
                "家庭住址",
                "联系地址",
                "接收号码",
                "接收手机号",
                "被叫号码",
                "邮箱",
                "电子邮箱",
                "reporter",
                "reporter_name",
                "reporter_phone",
                "reporter_email",
                "reporter_id",
                "complainant",
                "complainant_name",
                "complainant_phone",
                "recipient",
                "recipient_number",
                "receiver",
                "called_number",
            ],
            Self::Text => &[
                "text",
                "内容",
                "正文",
                "广告内容",
                "广告文案",
                "文案",
                "短信内容",
                "微博正文",
                "举报内容",
                "被举报内容",
                "投诉内容",
                "诉求内容",
                "反映内容",
                "信息内容",
                "通话内容",
                "文本",
                "全文",
                "帖子内容",
                "评论内容",
                "desc",
                "description",
                "content",
                "body",
                "message",
                "ad_creative_body",
                "ad_text",
                "ad_creative_bodies",
                "caption",
                "sms",
                "transcript",
                "描述",
                "简介",
                "详情",
                "文字",
            ],
            Self::Title => &["title", "标题", "广告标题", "题目", "主题", "headline", "subject", "ad_title"],
            Self::Landing => &[
                "landing",
                "landing_url",
                "落地页",
                "落地页链接",
                "落地页地址",
                "跳转链接",
                "推广链接",
                "目标链接",
                "landing_page",
                "target_url",
                "ad_creative_link",
            ],
            Self::Url => &[
                "url",
                "链接",
                "网址",
                "link",
                "作品链接",
                "帖子链接",
                "文章链接",
                "页面链接",
                "来源链接",
                "页面地址",
                "note_url",
                "aweme_url",
                "video_url",
                "ad_snapshot_url",
                "ad_url",
                "permalink",
                "page_url",
                "href",
            ],
            Self::Advertiser => &[
                "advertiser",
                "广告主",
                "广告主名称",
                "公司",
                "公司名称",
                "企业名称",
                "商家",
                "商家名称",
                "被举报单位",
                "被举报企业",
                "被举报人",
                "被投诉单位",
                "被投诉主体",
                "被反映单位",
                "page_name",
                "funding_entity",
                "brand_name",
                "company",
            ],
            Self::Publisher => &[
                "publisher",
                "发布者",
                "发布人",
                "发布主体",
                "媒体",
                "公众号",
                "账号",
                "帐号",
                "账号名称",
                "用户昵称",
                "昵称",
                "作者",
                "频道",
                "发送号码",
                "发送方",
                "主叫号码",
                "被举报号码",
                "来源号码",
                "来源",
                "nickname",
                "author",
                "user_name",
                "username",
                "screen_name",
                "channel",
                "sender",
                "calling_number",
                "source",
            ],
            Self::Published => &[
                "published",
                "发布时间",
                "发布日期",
                "投放时间",
                "首次投放时间",
                "发送时间",
                "接收时间",
                "收到时间",
                "播出时间",
                "时间",
                "日期",
                "create_time",
                "created_at",
                "publish_time",
                "pub_time",
                "published_at",
                "ad_delivery_start_time",
                "timestamp",
                "date",
                "time",
                "举报时间",
                "投诉时间",
                "来电时间",
            ],
            Self::Label => &["label", "广告标识", "标识", "推广标识", "广告标签"],
            Self::Id => &[
                "id",
                "编号",
                "工单编号",
                "工单号",
                "举报编号",
                "序号",
                "aweme_id",
                "note_id",
                "video_id",
                "mid",
                "bid",
                "ad_id",
                "post_id",
                "uuid",
            ],
        }
    }

    /// How surely `heading` stands over this field: 0 is surest, `None` is not at all.
    pub(super) fn rank(self, heading: &str) -> Option<usize> {
        let heading = folded(heading);
        // Fields of objects inside objects are named with their path: `user.nickname`.
        let last = heading.rsplit('.').next().unwrap_or_default();
        self.usual_headings().iter().position(|usual| *usual == heading || *usual == last)
    }
}

/// A heading as it is compared: lower case, without white space, marks and what stands in parentheses.
pub(super) fn folded(heading: &str) -> String {
    let heading = heading.split(['（', '(', '【', '[']).next().unwrap_or_default();
    let kept =
        heading.chars().filter(|c| !c.is_whitespace() && !matches!(c, ':' | '：' | '*' | '\u{feff}' | '"'));
    kept.flat_map(char::to_lowercase).collect()
}
