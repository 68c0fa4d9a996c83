// crate.rs — Rust names (legacy and v0), closures, generics and the statically linked standard library.
use std::collections::{BTreeMap, HashMap};

trait Weigh {
    fn weigh(&self) -> usize;
}
struct Parcel<T> {
    inside: Vec<T>,
}
impl<T: ToString> Weigh for Parcel<T> {
    fn weigh(&self) -> usize {
        self.inside.iter().map(|thing| thing.to_string().len()).sum()
    }
}
mod depot {
    use super::*;
    #[inline(never)]
    pub fn sort_out(count: usize) -> BTreeMap<String, usize> {
        let mut shelves: HashMap<usize, Vec<String>> = HashMap::new();
        (0..count).for_each(|i| shelves.entry(i % 7).or_default().push(format!("parcel {i}")));
        shelves.into_iter().map(|(k, v)| (k.to_string(), Parcel { inside: v }.weigh())).collect()
    }
}
fn main() {
    println!("{:?}", depot::sort_out(std::env::args().count() * 100));
}
