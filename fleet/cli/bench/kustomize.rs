//! `build` beside the real kustomize: the same trees, which have to print the same, in this process and as a process.

mod trees;

use super::apiserver::median;
use super::beside::{Took, lowest, process, seconds};
use super::figures::{Figures, Target};
use super::plot::{self, Line};
use super::revision::{author, file, module, next, reader, sources};
use super::tools::{own, tool};
use super::{Pace, in_folder, progress};
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::Format;
use mainstay_kustomize::Build;
use mainstay_unit::tree::{Tree, TreePath};
use std::path::{Path, PathBuf};
use std::time::Instant;
use trees::{Case, cases, documents};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder of trees: each kustomization in each folder directly in it is built, components excepted [default: three
    /// trees that are made up]
    #[arg(long, value_name = "FOLDER")]
    trees: Option<PathBuf>,
    /// The real kustomize [default: in KUBEBUILDER_ASSETS, in target/real of this folder or one above it, else on the PATH]
    #[arg(long, value_name = "FILE")]
    kustomize: Option<PathBuf>,
    /// How often each tree is built by each; the median counts
    #[arg(long, default_value = "3", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Numbers of documents by which growth is measured and drawn, instead of the trees
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', num_args = 1..)]
    growth: Vec<u32>,
    /// Where the growth is drawn
    #[arg(long, default_value = "docs/kustomize.svg", value_name = "FILE")]
    plot: PathBuf,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

/// Documents of the large tree.
const MANY: usize = 2000;
/// In this process a build takes so little that one more round costs nothing.
const AGAIN: u16 = 5;
/// Processes that do nothing.
const EMPTY: usize = 200;

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let figures =
        if args.growth.is_empty() { in_folder(|folder| measure(args, folder))? } else { grow(args)? };
    figures.show(args.output, args.check)
}

fn measure(args: &Args, folder: &Path) -> Result<Figures, Failure> {
    let real = tool(args.kustomize.as_deref(), "kustomize")?;
    let own = own()?;
    let trees = match &args.trees {
        Some(trees) => trees.clone(),
        None => trees::write(&folder.join("trees"))?,
    };
    let mut took = Vec::new();
    let (mut refused, mut different) = (0, 0);
    let mut pace = Pace::new();
    for case in cases(&trees)? {
        progress(&format!("{}: {} kustomizations", case.tree.display(), case.roots.len()));
        let tree = folder::index(&case.tree)?;
        for (done, root) in case.roots.iter().enumerate() {
            pace.says(|| format!("{done} of {}: {}", case.roots.len(), case.path(root).display()));
            let theirs = process(&real, &["build".into(), case.path(root)])?;
            let ours = build(&tree, root);
            match (ours, theirs) {
                (Ok(ours), Some(theirs)) if ours.as_bytes() == theirs => {
                    took.push(compare(args.rounds, &tree, root, &case, &own, &real)?);
                }
                (Ok(_), Some(_)) => {
                    progress(&format!("different: {}", case.path(root).display()));
                    different += 1;
                }
                _ => refused += 1,
            }
        }
    }
    if took.is_empty() {
        return Err(Failure::user(format!("{} holds no tree that both build", trees.display())));
    }
    let mut out = Figures::default();
    out.push("trees that both build", took.len() as f64, "");
    out.push("trees that one of both refuses, not measured", f64::from(refused), "");
    out.hold("trees that print something else", f64::from(different), "", Target::Exactly(0.0));
    let of = |value: fn(&Took) -> f64| took.iter().map(value).collect::<Vec<_>>();
    out.push("kustomize, median", median(&of(|t| t.real * 1e3)), "ms");
    out.push("in this process, median", median(&of(|t| t.inside * 1e3)), "ms");
    out.push("as a process, median", median(&of(|t| t.process * 1e3)), "ms");
    let inside = of(|t| t.real / t.inside);
    out.hold("in this process, faster: median", median(&inside), "times", Target::AtLeast(50.0));
    out.hold("in this process, faster: 99 % of trees", lowest(inside), "times", Target::AtLeast(20.0));
    let process = of(|t| t.real / t.process);
    out.hold("as a process, faster: median", median(&process), "times", Target::AtLeast(15.0));
    empty(&mut out, median(&of(|t| t.real)))?;
    large(&mut out, folder, &real)?;
    unchanged(&mut out, folder)?;
    Ok(out)
}

/// What no process is faster than: one that does nothing.
fn empty(out: &mut Figures, real: f64) -> Result<(), Failure> {
    let nothing = tool(None, "true")?;
    let took: Vec<f64> =
        (0..EMPTY).map(|_| seconds(|| process(&nothing, &[""; 0]))).collect::<Result<_, _>>()?;
    let took = median(&took);
    out.push("a process that does nothing, median", took * 1e3, "ms");
    out.push("a process that does nothing, faster: median", real / took, "times");
    Ok(())
}

fn compare(
    rounds: u16,
    tree: &dyn Tree,
    root: &TreePath,
    case: &Case,
    own: &Path,
    real: &Path,
) -> Result<Took, Failure> {
    let ours = ["build".into(), "--root".into(), case.tree.clone(), case.path(root)];
    let theirs = ["build".into(), case.path(root)];
    let (mut inside, mut processes, mut reals) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        reals.push(seconds(|| process(real, &theirs))?);
        processes.push(seconds(|| process(own, &ours))?);
    }
    for _ in 0..rounds.saturating_mul(AGAIN) {
        inside.push(seconds(|| build(tree, root))?);
    }
    Ok(Took { inside: median(&inside), process: median(&processes), real: median(&reals) })
}

/// One tree of many documents, through every transformation that is common.
fn large(out: &mut Figures, folder: &Path, real: &Path) -> Result<(), Failure> {
    progress(&format!("a tree of {MANY} documents"));
    let place = folder.join("large");
    trees::store(&place, &documents(MANY))?;
    let tree = folder::index(&place)?;
    let root = TreePath::root();
    let ours = build(&tree, &root)?;
    let mut inside = Vec::new();
    for _ in 0..AGAIN {
        inside.push(seconds(|| build(&tree, &root))?);
    }
    let begun = Instant::now();
    let theirs = process(real, &["build".into(), place])?;
    let real = begun.elapsed().as_secs_f64();
    let same = theirs.is_some_and(|theirs| theirs == ours.as_bytes());
    out.hold(
        format!("{MANY} documents: prints the same"),
        f64::from(u8::from(same)),
        "",
        Target::Exactly(1.0),
    );
    out.push(format!("{MANY} documents: kustomize, once"), real * 1e3, "ms");
    out.hold(
        format!("{MANY} documents: in this process, median"),
        median(&inside) * 1e3,
        "ms",
        Target::Below(100.0),
    );
    Ok(())
}

/// What a commit costs that changes nothing of a rendered tree.
fn unchanged(out: &mut Figures, folder: &Path) -> Result<(), Failure> {
    let mut files = vec![file("fleet/large.yaml".into(), module("large"))?];
    for (path, text) in documents(MANY) {
        files.push(file(format!("units/large/{path}"), text)?);
    }
    let repository = folder.join("platform");
    mainstay_git::init(&repository, &files, "The fleet", &author())?;
    let mut reader = reader(sources(folder, &repository, "state")?);
    let (_, first) = next(&mut reader)?;
    let note = file("NOTES".into(), "nothing".into())?;
    mainstay_git::commit(&repository, "main", &[(note.0, Some(note.1))], "A note", &author())?;
    let (_, again) = next(&mut reader)?;
    out.push(
        format!("{MANY} documents: a revision fetched and read at first"),
        first.as_secs_f64() * 1e3,
        "ms",
    );
    out.push("a revision that changes nothing of them", again.as_secs_f64() * 1e3, "ms");
    out.hold("builds for it", reader.rendered() as f64, "", Target::Exactly(0.0));
    Ok(())
}

fn grow(args: &Args) -> Result<Figures, Failure> {
    let mut points = Vec::new();
    let mut out = Figures::default();
    for count in &args.growth {
        let tree = trees::in_memory(&documents(*count as usize))?;
        let mut took = Vec::new();
        for _ in 0..args.rounds.saturating_mul(AGAIN) {
            took.push(seconds(|| build(&tree, &TreePath::root()))?);
        }
        let took = median(&took) * 1e3;
        out.push(format!("{count} documents"), took, "ms");
        points.push((f64::from(*count), took));
    }
    if let (Some(first), Some(last)) = (points.first(), points.last())
        && points.len() > 1
    {
        let what = format!("a document of {} beside one of {}", last.0, first.0);
        out.hold(what, (last.1 / last.0) / (first.1 / first.0), "times", Target::Below(1.25));
    }
    let line = Line { title: "milliseconds by documents, in process", points };
    plot::write(&args.plot, &[line])?;
    Ok(out)
}

fn build(tree: &dyn Tree, root: &TreePath) -> Result<String, Failure> {
    let request = Build::new(tree, root);
    let failed = |failed: mainstay_kustomize::Failed| {
        Failure::user(failed.diagnostics.iter().map(|d| format!("{d}\n")).collect::<String>())
    };
    mainstay_kustomize::print(&request).map(|printed| printed.text).map_err(failed)
}
