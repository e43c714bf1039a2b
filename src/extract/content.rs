//! `Content-Encoding`: captures keep a body as received; here it is unpacked for reading.

use std::borrow::Cow;
use std::io::Read;

use crate::kit::problem::Problem;

/// Largest unpacked body, in bytes: what stands beyond is not read.
pub const MAX_DECODED_BYTES: u64 = 20 << 20;

/// Code of the problem that says a body unpacks to more than [`MAX_DECODED_BYTES`].
pub const TOO_LARGE: &str = "too-large";

/// Unpacks `body` as `content_encoding` says: `gzip`, `deflate`, `br`, several in a row, or nothing.
///
/// A broken or oversized body gives what came before the break or the limit, and a problem.
pub fn decode<'a>(body: &'a [u8], content_encoding: Option<&str>) -> (Cow<'a, [u8]>, Vec<Problem>) {
    decode_within(body, content_encoding, MAX_DECODED_BYTES)
}

fn decode_within<'a>(
    body: &'a [u8],
    content_encoding: Option<&str>,
    limit_bytes: u64,
) -> (Cow<'a, [u8]>, Vec<Problem>) {
    let mut decoded = Cow::Borrowed(body);
    let mut problems = Vec::new();
    // Encodings are listed in the order in which they were applied (RFC 9110 §8.4).
    for encoding in content_encoding.unwrap_or("").split(',').rev() {
        let encoding = encoding.trim().to_ascii_lowercase();
        let (next, problem) = match encoding.as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" if !decoded.starts_with(&[0x1f, 0x8b]) => {
                problems.push(Problem::new(
                    "content-encoding",
                    "the body is announced as gzip but is not; read as it is",
                ));
                continue;
            }
            "gzip" | "x-gzip" => unpack(flate2::read::MultiGzDecoder::new(&*decoded), limit_bytes),
            // Servers send both: with the zlib header as the RFC wants, and the bare stream.
            "deflate" if is_zlib(&decoded) => unpack(flate2::read::ZlibDecoder::new(&*decoded), limit_bytes),
            "deflate" => unpack(flate2::read::DeflateDecoder::new(&*decoded), limit_bytes),
            "br" => unpack(brotli_decompressor::Decompressor::new(&*decoded, 4096), limit_bytes),
            other => {
                let message = format!("content encoding `{other}` is not known; gzip, deflate and br are");
                problems.push(Problem::new("content-encoding", message));
                return (Cow::Owned(Vec::new()), problems);
            }
        };
        decoded = Cow::Owned(next);
        problems.extend(problem);
    }
    (decoded, problems)
}

fn unpack(reader: impl Read, limit_bytes: u64) -> (Vec<u8>, Option<Problem>) {
    let mut unpacked = Vec::new();
    let result = reader.take(limit_bytes + 1).read_to_end(&mut unpacked);
    let problem = match result {
        Ok(_) if unpacked.len() as u64 > limit_bytes => {
            unpacked.truncate(limit_bytes as usize);
            Some(Problem::new(TOO_LARGE, format!("the body unpacks to more than {limit_bytes} bytes")))
        }
        Ok(_) => None,
        Err(error) => {
            let n = unpacked.len();
            Some(Problem::new(
                "content-encoding",
                format!("the body breaks off after {n} unpacked bytes: {error}"),
            ))
        }
    };
    (unpacked, problem)
}

/// RFC 1950 §2.2: method 8 and a check over the first two bytes.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..] if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use std::io::Write as _;

    const PAGE: &[u8] = "保本保息，年化收益15%".as_bytes();

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_known_encoding_is_unpacked() {
        // A stored brotli stream: one uncompressed meta-block, then an empty last one.
        let brotli = [&[0x8b, 0x0e, 0x80][..], PAGE, &[0x03]].concat();
        let deflate = zlib(PAGE);
        let cases: Vec<(Option<&str>, Vec<u8>)> = vec![
            (None, PAGE.to_vec()),
            (Some(""), PAGE.to_vec()),
            (Some("identity"), PAGE.to_vec()),
            (Some("gzip"), gzip(PAGE)),
            (Some("X-GZip"), gzip(PAGE)),
            (Some("deflate"), deflate.clone()),
            (Some("deflate"), deflate[2..deflate.len() - 4].to_vec()),
            (Some("deflate, gzip"), gzip(&deflate)),
            (Some("br"), brotli),
        ];
        for (encoding, body) in cases {
            let (decoded, problems) = decode(&body, encoding);
            assert_eq!((&*decoded, problems), (PAGE, vec![]), "{encoding:?}");
        }
    }

    #[test]
    fn broken_bodies_give_what_can_be_read_and_a_problem() {
        let packed = gzip(&PAGE.repeat(1000));
        let codes =
            |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.code).collect::<Vec<_>>();
        let (decoded, problems) = decode(&packed[..packed.len() - 9], Some("gzip"));
        assert!(decoded.starts_with(PAGE), "the beginning is kept");
        assert_eq!(codes(problems), ["content-encoding"]);
        let (decoded, problems) = decode(PAGE, Some("gzip"));
        assert_eq!((&*decoded, codes(problems)), (PAGE, vec!["content-encoding".to_owned()]));
        let (decoded, problems) = decode(PAGE, Some("zstd"));
        assert_eq!((decoded.len(), codes(problems)), (0, vec!["content-encoding".to_owned()]));
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let bomb = gzip(&vec![0; 300_000]);
        assert!(bomb.len() < 1_000);
        for (encoding, body) in [("gzip", bomb.clone()), ("gzip, gzip", gzip(&bomb))] {
            let (decoded, problems) = decode_within(&body, Some(encoding), 100_000);
            assert_eq!(decoded.len(), 100_000);
            assert_eq!(problems[0].code, TOO_LARGE, "{encoding}");
        }
    }
}
