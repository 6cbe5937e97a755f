/// Gathers what comes in a map or a set, one by one. `collect()` would sort it first, by a sort of some
/// kilobytes for each type.
pub(crate) fn gathered<C: Default + Extend<T>, T>(all: impl IntoIterator<Item = T>) -> C {
    let mut gathered = C::default();
    gathered.extend(all);
    gathered
}
