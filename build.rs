//! A new file in `patterns/` or `fixtures/source/` is built in: what is embedded follows the folders.

fn main() {
    println!("cargo::rerun-if-changed=patterns");
    println!("cargo::rerun-if-changed=fixtures/source");
}
