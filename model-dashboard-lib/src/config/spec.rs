//! What is known about a setting, and the macro that turns one table into types and specs.

/// Everything about one setting but its type.
#[derive(Debug)]
pub(super) struct Spec {
    /// Section and key in a file (`api.port`), or the key alone at the top of the file.
    pub(super) name: &'static str,
    /// The variable.
    pub(super) variable: &'static str,
    /// The command line flag.
    pub(super) flag: Option<&'static str>,
    /// The key that Streamlit has for it in its file.
    pub(super) streamlit: Option<&'static str>,
    /// What it does.
    pub(super) help: &'static str,
    /// Whether its text is never shown, and it has `_FILE` and `_file` twins.
    pub(super) secret: bool,
    /// The default as a person may see it.
    pub(super) default: fn() -> Option<String>,
    /// Its range, if it has one: `1s to 2m`.
    pub(super) allowed: fn() -> Option<String>,
}

impl Spec {
    /// The variable that names a file with the value.
    pub(super) fn twin_variable(&self) -> Option<String> {
        self.secret.then(|| format!("{}_FILE", self.variable))
    }

    /// The key that names a file with the value.
    pub(super) fn twin_name(&self) -> Option<String> {
        self.secret.then(|| format!("{}_file", self.name))
    }
}

/// Of `names`, the one most like `unknown`.
pub(super) fn nearest<'a>(
    unknown: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<(f64, &'a str)> {
    let unknown = unknown.to_lowercase();
    names
        .into_iter()
        .map(|name| {
            (
                strsim::normalized_damerau_levenshtein(&unknown, &name.to_lowercase()),
                name,
            )
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
}

/// Declares the settings: for every section a struct of typed fields, its defaults, and how a
/// reader fills it; and the specs of all settings in order.
///
/// A field is `name: Type = default, "VARIABLE"`, then what applies of `flag "--flag"`,
/// `streamlit "section.key"` and `within (low, high)`, both ends included.
macro_rules! settings {
    (@optional) => { None };
    (@optional $value:expr) => { Some($value) };
    (@spec $prefix:literal $field:ident, $Type:ty, $default:expr, $variable:literal,
        ($($flag:literal)?), ($($old:literal)?), ($($low:expr, $high:expr)?),
        $($help:literal)+) => {
        Spec {
            name: concat!($prefix, stringify!($field)),
            variable: $variable,
            flag: settings!(@optional $($flag)?),
            streamlit: settings!(@optional $($old)?),
            help: concat!($($help),+),
            secret: <$Type as Value>::SECRET,
            default: || <$Type as Value>::show(&$default),
            allowed: || {
                let bounds: Option<Bounds<$Type>> =
                    settings!(@optional $(Bounds::new($low, $high))?);
                bounds.map(|bounds| bounds.allowed())
            },
        }
    };
    ($(
        $(#[doc = $about:literal])+
        $vis:vis struct $Section:ident in $prefix:literal {$(
            $(#[doc = $help:literal])+
            $field:ident: $Type:ty = $default:expr, $variable:literal
            $(, flag $flag:literal)?
            $(, streamlit $old:literal)?
            $(, within ($low:expr, $high:expr))?;
        )+}
    )+) => {
        /// Every setting, section by section.
        pub(super) const SPECS: &[Spec] = &[$($(
            settings!(@spec $prefix $field, $Type, $default, $variable,
                ($($flag)?), ($($old)?), ($($low, $high)?), $($help)+),
        )+)+];

        $(
            $(#[doc = $about])+
            #[derive(Debug, Clone)]
            #[non_exhaustive]
            $vis struct $Section {$(
                $(#[doc = $help])+
                #[doc = concat!("\n\n`", $prefix, stringify!($field), "`, variable `", $variable, "`.")]
                $vis $field: $Type,
            )+}

            impl $Section {
                pub(super) fn read(reader: &mut Reader) -> Self {
                    Self {$(
                        $field: {
                            const SPEC: &Spec = &settings!(@spec $prefix $field, $Type, $default,
                                $variable, ($($flag)?), ($($old)?), ($($low, $high)?), $($help)+);
                            let bounds = settings!(@optional $(Bounds::new($low, $high))?);
                            reader.read::<$Type>(SPEC, $default, bounds)
                        },
                    )+}
                }
            }
        )+
    };
}

pub(super) use settings;
