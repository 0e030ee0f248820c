//! The CEL of Flux's kinds, read with the document so that a mistake is found before it matters. Flux types a
//! dependency's expression, and takes nothing for a bool that might be something else; a health check's is only parsed.

use crate::fields::Fields;
use crate::shape::{Problem, wrong};
use mainstay_expr::{Environment, Program, Type};

pub(crate) fn check(spec: Fields<'_>, problems: &mut Vec<Problem>) {
    let units = [("self", Type::open_object()), ("dep", Type::open_object())];
    let over_units = Environment { everything: true, ..Environment::new(units) };
    for (at, dependency) in spec.list("dependsOn") {
        let pointer = format!("/spec/dependsOn/{at}/readyExpr");
        let Some(source) = dependency.text("readyExpr") else { continue };
        match Program::compile(source, &over_units) {
            Ok(program) if *program.result() == Type::Bool => {}
            Ok(program) => {
                let found = program.result();
                problems.push(wrong(&pointer, format!("expected an expression of type bool, found {found}")));
            }
            Err(errors) => tell(&pointer, &errors, problems),
        }
    }
    let over_object = Environment { open: true, everything: true, ..Environment::default() };
    for (at, item) in spec.list("healthCheckExprs") {
        for name in ["current", "inProgress", "failed"] {
            let Some(source) = item.text(name) else { continue };
            if let Err(errors) = Program::compile(source, &over_object) {
                tell(&format!("/spec/healthCheckExprs/{at}/{name}"), &errors, problems);
            }
        }
    }
}

fn tell(pointer: &str, errors: &[mainstay_expr::ExprError], problems: &mut Vec<Problem>) {
    problems.extend(
        errors.iter().map(|error| {
            wrong(pointer, format!("{} (at {} of the expression)", error.message, error.position))
        }),
    );
}
