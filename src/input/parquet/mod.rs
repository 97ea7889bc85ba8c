//! Parquet, by way of the parquet crate without Arrow: some rows of some columns at a time.

mod column;
mod kind;

use super::error::{LayoutFault, Place, Stop};
use super::guard::fenced;
use super::sink::{Cell, Sink};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::SchemaDescriptor;
use bytes::Bytes;
use column::Column;
use kind::kind;

/// Rows whose cells are decoded before they are handed over.
const BATCH: usize = 1024;

const WHAT: &str = "Parquet file";

/// A column of the schema's first level.
enum Field {
    /// The one with this index among all that hold values.
    Leaf(usize),
    /// Several, or lists.
    Nested(&'static str),
}

/// Hands the rows of the file in `bytes` to `sink`, but for the first `skip`.
pub(super) fn read<S: Sink>(bytes: Vec<u8>, skip: u64, sink: &mut S) -> Result<(), Stop> {
    let file = fenced(WHAT, || SerializedFileReader::new(Bytes::from(bytes)))?;
    let schema = file.metadata().file_metadata().schema_descr();
    let names: Vec<String> = schema
        .root_schema()
        .get_fields()
        .iter()
        .map(|field| field.name().trim().to_owned())
        .collect();
    let fields = fields(schema);
    sink.header(&names, Place::Row(0))?;

    // Which of the sink's columns are read, and as what.
    let mut taken = Vec::new();
    for (at, field) in fields.iter().enumerate().filter(|&(at, _)| sink.takes(at)) {
        let of_type = |found: &str| LayoutFault::ColumnType {
            column: names[at].clone(),
            found: found.to_owned(),
        };
        match *field {
            Field::Nested(found) => return Err(of_type(found).into()),
            Field::Leaf(leaf) => {
                let kind = kind(&schema.column(leaf)).map_err(|found| of_type(&found))?;
                taken.push((at, leaf, kind));
            }
        }
    }
    // Where each of the sink's columns is among those that are read.
    let mut place = vec![None; names.len()];
    for (read, &(at, ..)) in taken.iter().enumerate() {
        place[at] = Some(read);
    }

    let mut row = 0;
    for group in 0..file.num_row_groups() {
        let rows = fenced(WHAT, || file.get_row_group(group))?;
        let mut columns = Vec::with_capacity(taken.len());
        for &(_, leaf, kind) in &taken {
            let reader = fenced(WHAT, || rows.get_column_reader(leaf))?;
            columns.push(Column::new(
                reader,
                kind,
                schema.column(leaf).max_def_level(),
            ));
        }
        let of_group = rows.metadata().num_rows();
        let mut left = usize::try_from(of_group).map_err(|_| LayoutFault::Damaged {
            what: WHAT,
            problem: format!("a group of {of_group} rows"),
        })?;
        if columns.is_empty() {
            row += left as u64;
            continue;
        }
        while left > 0 {
            let batch = left.min(BATCH);
            for column in &mut columns {
                fenced(WHAT, || column.decode(batch))?;
            }
            for at in 0..batch {
                row += 1;
                if row > skip {
                    let cell = |of: usize| place[of].map_or(Cell::Empty, |of| columns[of].cell(at));
                    sink.row(Place::Row(row), cell)?;
                }
            }
            left -= batch;
        }
    }
    Ok(())
}

/// The columns of the first level.
fn fields(schema: &SchemaDescriptor) -> Vec<Field> {
    let mut fields: Vec<Field> = schema
        .root_schema()
        .get_fields()
        .iter()
        .map(|_| Field::Nested("a record"))
        .collect();
    for leaf in 0..schema.num_columns() {
        let column = schema.column(leaf);
        let field = &mut fields[schema.get_column_root_idx(leaf)];
        if column.max_rep_level() > 0 {
            *field = Field::Nested("a list");
        } else if column.path().parts().len() == 1 {
            *field = Field::Leaf(leaf);
        }
    }
    fields
}
