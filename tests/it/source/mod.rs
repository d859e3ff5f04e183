//! Everything between a path and parsed records.

mod arrow_damage;
mod columnar;
mod csv;
mod damage;
mod discovery;
mod documents;
mod harness;
mod laws;
mod lines;
mod parquet_damage;
mod rows;
