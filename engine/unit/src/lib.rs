//! Names, references, units, variables and the small value types that verdicts and health travel in.
