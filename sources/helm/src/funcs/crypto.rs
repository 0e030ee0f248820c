//! Keys, certificates and password hashes that are not made yet: each says so when it is called.
use super::Type::{Any, Text};
use super::{Function, Run};

macro_rules! unsupported {
    ($name:literal, $parameters:expr) => {
        Function {
            name: $name,
            parameters: $parameters,
            variadic: false,
            run: Run::Pure(|_| Err(concat!("the function ", $name, " is not supported").into())),
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    unsupported!("bcrypt", &[Text]),
    unsupported!("htpasswd", &[Text, Text]),
    unsupported!("genPrivateKey", &[Text]),
    unsupported!("derivePassword", &[Any, Text, Text, Text, Text]),
    unsupported!("buildCustomCert", &[Text, Text]),
    unsupported!("genCA", &[Text, super::Type::Int]),
    unsupported!("genCAWithKey", &[Text, super::Type::Int, Text]),
    unsupported!("genSelfSignedCert", &[Text, Any, Any, super::Type::Int]),
    unsupported!("genSelfSignedCertWithKey", &[Text, Any, Any, super::Type::Int, Text]),
    unsupported!("genSignedCert", &[Text, Any, Any, super::Type::Int, Any]),
    unsupported!("genSignedCertWithKey", &[Text, Any, Any, super::Type::Int, Any, Text]),
    unsupported!("encryptAES", &[Text, Text]),
    unsupported!("decryptAES", &[Text, Text]),
    unsupported!("fromToml", &[Text]),
];
