//! Sources.
use crate::Code;

pub static STALE: Code = Code::warning(
    "MS6001",
    "source is not up to date",
    "A registry does not answer, so that what it said last is used: a newer version of a chart or artifact, if there is one, is not known. \
     Units stay as they are, and are looked at again at the next reading.",
);

pub static UNVERIFIED: Code = Code::error(
    "MS6002",
    "signature not verified",
    "The declaration asks for a proof that the chart, artifact, commit or tag was signed, and there is none: no signature, one by another \
     key, or one of something else. Nothing of it is used, and what is on the cluster stays as it is. Sign the very digest with one of \
     the keys that the Secret holds (`cosign sign --key`), or name the key that it was signed with. Where it was signed without \
     a key, the message says whom its certificate names, and which check failed otherwise: name him in `matchOIDCIdentity`; \
     where an authority or a log is not trusted, the trust root is too old or another (`trustedRootSecretRef`). For Helm's \
     provenance (`provider: helm`), sign with `helm package --sign`, keep the `.prov` beside the archive, and put the public key \
     (`gpg --export`) into the Secret. For a commit or a tag (`verify` of a GitRepository) sign with `git commit -S` or \
     `git tag -s` and OpenPGP, and put the public key into the Secret; the repository that is followed itself is verified by \
     `--git-keyring-file`.",
);

pub static ANYONE: Code = Code::warning(
    "MS6003",
    "signature by anyone",
    "The declaration asks for a signature by cosign and names neither keys nor identities, so as in Flux whoever has an account \
     with one of the providers that sigstore's authority knows may have made it, as long as it lies behind cosign's tag. It \
     proves that what was signed is what is used, not that somebody you trust has signed it. Name who signs in \
     `matchOIDCIdentity`; signatures in bundles, as cosign 3 makes them, count only then.",
);

pub static ALL: &[&Code] = &[&STALE, &UNVERIFIED, &ANYONE];
