//! Bytes that can be looked at before they are taken, and given back.

use std::io::{BufRead, Read, Result};

const CHUNK_BYTES: usize = 64 << 10;

/// A buffered reader that shows as many bytes as are asked for, knows its position, and takes bytes back.
pub(super) struct Window<R> {
    inner: R,
    buffer: Vec<u8>,
    at: usize,
    /// How many bytes were taken.
    pub position: u64,
}

impl<R: Read> Window<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, buffer: Vec::new(), at: 0, position: 0 }
    }

    /// At least `n` bytes without taking them; fewer only at the end.
    pub fn peek(&mut self, n: usize) -> Result<&[u8]> {
        while self.buffer.len() - self.at < n {
            self.buffer.drain(..self.at);
            self.at = 0;
            let held = self.buffer.len();
            self.buffer.resize(held + CHUNK_BYTES.max(n), 0);
            let read = self.inner.read(&mut self.buffer[held..]);
            self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
            if read? == 0 {
                break;
            }
        }
        Ok(&self.buffer[self.at..])
    }

    /// Gives back bytes that were taken last; they are read again.
    pub fn give_back(&mut self, bytes: &[u8]) {
        let rest = self.buffer.split_off(self.at);
        self.buffer.clear();
        self.buffer.extend_from_slice(bytes);
        self.buffer.extend_from_slice(&rest);
        self.at = 0;
        self.position -= bytes.len() as u64;
    }

    /// Forgets what was read and not taken.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.at = 0;
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let shown = self.fill_buf()?;
        let n = shown.len().min(out.len());
        out[..n].copy_from_slice(&shown[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Window<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, n: usize) {
        self.at = (self.at + n).min(self.buffer.len());
        self.position += n as u64;
    }
}
