"""Follows every link of a site and extracts links and text, as benches/crawl.rs asks of others. Needs Scrapy."""

import sys

import scrapy
from scrapy.crawler import CrawlerProcess


class Site(scrapy.Spider):
    name = "site"
    n_pages = 0

    def parse(self, response):
        Site.n_pages += 1
        text = " ".join(response.css("body ::text").getall())
        links = [link for link in response.css("a::attr(href)").getall() if "/channel/" not in link]
        for link in links:
            yield response.follow(link, self.parse)
        self.n_characters = len(text)


process = CrawlerProcess(
    settings={
        "LOG_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
        "CONCURRENT_REQUESTS": 128,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 128,
        "DOWNLOAD_DELAY": 0,
        "TELNETCONSOLE_ENABLED": False,
    }
)
process.crawl(Site, start_urls=[sys.argv[1] + "/"])
process.start()
print(Site.n_pages)
