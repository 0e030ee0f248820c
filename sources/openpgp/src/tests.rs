mod rings;
mod signed;
