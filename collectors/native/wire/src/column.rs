//! A growing column of one type, in which values may be missing.
//!
//! Decoders fill a column for all records of a set at once, and touch only the columns that their template has: the others
//! catch up when somebody next writes to them, or at the end. So a column that is never told costs nothing.

/// An information element that no column takes: enterprise, number, bytes.
pub type RawElement = Vec<(u32, u16, Vec<u8>)>;

/// Values of one column, and where they are missing.
#[derive(Debug, Default, Clone)]
pub struct Column<T> {
    values: Vec<T>,
    /// Runs `(first, end)` of rows without a value, in order, not touching each other.
    missing: Vec<(usize, usize)>,
}

impl<T: Clone + Default> Column<T> {
    /// How many rows it has, those without a value included.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Add rows without a value until there are `rows`.
    #[inline]
    pub fn fill(&mut self, rows: usize) {
        let len = self.values.len();
        if len < rows {
            self.fill_cold(len, rows);
        }
    }

    #[inline(never)]
    fn fill_cold(&mut self, len: usize, rows: usize) {
        self.values.resize(rows, T::default());
        match self.missing.last_mut() {
            Some(last) if last.1 == len => last.1 = rows,
            _ => self.missing.push((len, rows)),
        }
    }

    /// Set the value of row `row`, which must not be before the end: rows between get none.
    #[inline]
    pub fn set(&mut self, row: usize, value: T) {
        self.fill(row);
        if self.values.len() == row {
            self.values.push(value);
        } else {
            // Said twice of the last row, such as an element that a template has twice: the later one holds.
            self.truncate(row);
            self.values.push(value);
        }
    }

    #[inline]
    fn truncate_cold(&mut self, rows: usize) {
        if self.values.len() > rows {
            self.truncate(rows);
        }
    }

    /// Append the values of rows from `row` on; rows between the end and `row` get none.
    #[inline]
    pub fn extend(&mut self, row: usize, values: impl Iterator<Item = T>) {
        self.fill(row);
        self.truncate_cold(row);
        self.values.extend(values);
    }

    /// Give `count` rows from `row` on the same value.
    #[inline]
    pub fn repeat(&mut self, row: usize, count: usize, value: T) {
        self.fill(row);
        self.truncate_cold(row);
        self.values.resize(row + count, value);
    }

    /// Forget all rows from `rows` on, such as those of a record that broke off.
    pub fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        while let Some(last) = self.missing.last_mut() {
            if last.0 >= rows {
                self.missing.pop();
            } else {
                last.1 = last.1.min(rows);
                break;
            }
        }
    }

    /// Append the rows of another column, the first of which becomes row `row`; rows between get no value.
    pub fn append(&mut self, row: usize, other: &mut Column<T>) {
        if other.values.is_empty() {
            return;
        }
        self.fill(row);
        self.truncate_cold(row);
        self.values.append(&mut other.values);
        for (first, end) in other.missing.drain(..) {
            match self.missing.last_mut() {
                Some(last) if last.1 == first + row => last.1 = end + row,
                _ => self.missing.push((first + row, end + row)),
            }
        }
    }

    /// Memory that it takes, in bytes, without what its values point to.
    pub fn memory_bytes(&self) -> usize {
        self.values.capacity() * size_of::<T>()
            + self.missing.capacity() * size_of::<(usize, usize)>()
    }

    /// The value of a row, or `None` where it has none.
    pub fn get(&self, row: usize) -> Option<&T> {
        let run = self.missing.partition_point(|&(_, end)| end <= row);
        if self
            .missing
            .get(run)
            .is_some_and(|&(first, _)| first <= row)
        {
            return None;
        }
        self.values.get(row)
    }

    /// Whether all rows from `row` on have a value.
    pub fn is_whole_from(&self, row: usize) -> bool {
        self.missing.last().is_none_or(|last| last.1 <= row)
    }

    /// Whether no row has a value.
    pub fn is_untold(&self) -> bool {
        match self.missing.as_slice() {
            [] => self.values.is_empty(),
            [(0, end)] => *end == self.values.len(),
            _ => false,
        }
    }

    /// The values, with the type's default where one is missing, and the runs `(first, end)` of rows without one.
    pub fn into_parts(self) -> (Vec<T>, Vec<(usize, usize)>) {
        (self.values, self.missing)
    }

    /// All values, with the type's default where one is missing.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// No rows, and room for as many as this one has and a few more, if any of them has a value.
    pub fn empty_like(&self) -> Self {
        let rows = if self.is_untold() {
            0
        } else {
            self.values.len()
        };
        Column {
            // A batch is full with the datagram that makes it so: the next one may be a little longer.
            values: Vec::with_capacity(rows + rows / 8),
            missing: Vec::new(),
        }
    }

    /// Remove all rows and keep the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.missing.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_nobody_wrote_have_no_value() {
        let mut column = Column::default();
        column.set(2, 7_u32);
        column.extend(5, [8, 9].into_iter());
        column.fill(9);
        let read: Vec<_> = (0..9).map(|row| column.get(row).copied()).collect();
        let none = None;
        assert_eq!(
            read,
            [
                none,
                none,
                Some(7),
                none,
                none,
                Some(8),
                Some(9),
                none,
                none
            ]
        );
        assert!(!column.is_untold());
    }

    #[test]
    fn a_cut_column_forgets_the_runs_behind_the_cut() {
        let mut column = Column::default();
        column.set(3, 1_u8);
        column.fill(6);
        column.truncate(2);
        assert_eq!(column.len(), 2);
        assert!(column.is_untold());
        column.set(2, 5);
        assert_eq!(column.get(2), Some(&5));
    }

    #[test]
    fn appended_rows_keep_their_values_and_what_they_miss() {
        let mut column = Column::default();
        column.set(1, 1_u8);
        column.fill(3);
        let mut other = Column::default();
        other.set(1, 2);
        other.fill(3);
        column.append(3, &mut other);
        let read: Vec<_> = (0..6).map(|row| column.get(row).copied()).collect();
        assert_eq!(read, [None, Some(1), None, None, Some(2), None]);
        assert!(other.is_empty());
        let mut untold = Column::default();
        untold.fill(2);
        column.append(8, &mut untold);
        assert_eq!((column.len(), column.get(9)), (10, None));
        assert!(!column.is_whole_from(9));
        column.set(10, 3);
        assert!(column.is_whole_from(10));
        assert_eq!(column.into_parts().1, [(0, 1), (2, 4), (5, 10)]);
    }

    #[test]
    fn a_value_said_twice_of_the_last_row_is_the_later_one() {
        let mut column = Column::default();
        column.set(0, 1_u8);
        column.set(0, 2);
        assert_eq!(column.get(0), Some(&2));
    }
}
