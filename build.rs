//! A new file in `patterns/` is built in: the embedded pack follows the folder.

fn main() {
    println!("cargo::rerun-if-changed=patterns");
}
