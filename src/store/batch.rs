//! Statements about many rows: one statement for a batch costs about as much as one for a row.

/// Rows in one statement. With the widest table below it stays under the 32 766 parameters that SQLite takes.
pub(super) const MAX_ROWS: usize = 500;

/// `($1, $2), ($3, $4)` for `n_rows` rows of `n_columns` columns.
pub(super) fn tuples(n_rows: usize, n_columns: usize) -> String {
    (0..n_rows)
        .map(|row| format!("({})", placeholders(row * n_columns + 1, n_columns)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `$3, $4, $5` for `first` = 3 and `n` = 3.
pub(super) fn placeholders(first: usize, n: usize) -> String {
    (first..first + n).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_through_the_rows() {
        assert_eq!(tuples(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(placeholders(4, 2), "$4, $5");
    }
}
