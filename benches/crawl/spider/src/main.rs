//! Collects the links of a site with the crate `spider`, as `benches/crawl.rs` asks of others.

use spider::website::Website;

#[tokio::main]
async fn main() {
    let origin = std::env::args().nth(1).expect("the address of the site");
    let mut website = Website::new(&format!("{origin}/"));
    website.configuration.delay = 0;
    website.configuration.respect_robots_txt = false;
    website.crawl().await;
    println!("{}", website.get_links().len());
}
