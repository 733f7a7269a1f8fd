//! What the list of models is asked for, as the query of its address.

use super::components::table::Order;
use super::links::Links;

/// Search, filters, order and page of the list of models. Each change of it is an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelsQuery {
    /// Words to find.
    pub search: String,
    /// Only these.
    pub state: Option<State>,
    /// Only this network type.
    pub network_type: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only of this owner.
    pub owner: Option<String>,
    /// What it is sorted by.
    pub sort: Sort,
    /// The order; `None` is the natural one of `sort`.
    pub order: Option<Order>,
    /// The page, from 1; 0 reads as 1.
    pub page: usize,
}

/// Whether a model may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Jobs may use it.
    Enabled,
    /// Jobs may not.
    Disabled,
}

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Network type, then name.
    #[default]
    Name,
    /// Alias.
    Alias,
    /// Time of the last change, newest first.
    Modified,
    /// Time of creation, newest first.
    Created,
    /// Version, highest first.
    Version,
    /// Number of labels, most first.
    Labels,
    /// Owner.
    Owner,
    /// Enabled before disabled.
    State,
}

impl Sort {
    /// Every order, as the menu lists them.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Alias,
        Self::Modified,
        Self::Created,
        Self::Version,
        Self::Labels,
        Self::Owner,
        Self::State,
    ];

    /// The value in the address.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Alias => "alias",
            Self::Modified => "modified",
            Self::Created => "created",
            Self::Version => "version",
            Self::Labels => "labels",
            Self::Owner => "owner",
            Self::State => "state",
        }
    }

    /// What the menu calls it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Name => "Type and name",
            Self::Alias => "Alias",
            Self::Modified => "Last change",
            Self::Created => "Creation",
            Self::Version => "Version",
            Self::Labels => "Number of labels",
            Self::Owner => "Owner",
            Self::State => "State",
        }
    }

    /// The order that people expect first.
    #[must_use]
    pub fn natural_order(self) -> Order {
        match self {
            Self::Modified | Self::Created | Self::Version | Self::Labels => Order::Descending,
            _ => Order::Ascending,
        }
    }
}

impl ModelsQuery {
    /// Reads the pairs of an address. What is not understood is returned by name, so that it can
    /// be reported; empty values count as absent, as forms send them.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let mut query = Self::default();
        let mut unknown = Vec::new();
        for (key, value) in pairs {
            let text = Some(value.trim()).filter(|value| !value.is_empty());
            let understood = match key {
                "q" => {
                    query.search = value.trim().to_owned();
                    true
                }
                "state" => {
                    query.state = match value {
                        "enabled" => Some(State::Enabled),
                        "disabled" => Some(State::Disabled),
                        _ => None,
                    };
                    query.state.is_some() || text.is_none()
                }
                "type" => set(&mut query.network_type, text),
                "tag" => set(&mut query.tag, text),
                "owner" => set(&mut query.owner, text),
                "sort" => match Sort::ALL.into_iter().find(|sort| sort.value() == value) {
                    Some(sort) => {
                        query.sort = sort;
                        true
                    }
                    None => text.is_none(),
                },
                "order" => {
                    query.order = match value {
                        "asc" => Some(Order::Ascending),
                        "desc" => Some(Order::Descending),
                        _ => None,
                    };
                    query.order.is_some() || text.is_none()
                }
                "page" => match value.parse() {
                    Ok(page) => {
                        query.page = page;
                        true
                    }
                    Err(_) => text.is_none(),
                },
                _ => false,
            };
            if !understood {
                unknown.push(key.to_owned());
            }
        }
        (query, unknown)
    }

    /// The pairs of the address, without those that say nothing.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.search.is_empty() {
            pairs.push(("q", self.search.clone()));
        }
        pairs.extend(self.filters());
        if self.page > 1 {
            pairs.push(("page", self.page.to_string()));
        }
        pairs
    }

    /// The pairs that a new search keeps: filters and order.
    #[must_use]
    pub fn filters(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if let Some(state) = self.state {
            pairs.push(("state", state.value().to_owned()));
        }
        let texts = [
            ("type", &self.network_type),
            ("tag", &self.tag),
            ("owner", &self.owner),
        ];
        pairs.extend(
            texts
                .into_iter()
                .filter_map(|(key, text)| Some((key, text.clone()?))),
        );
        if self.sort != Sort::default() {
            pairs.push(("sort", self.sort.value().to_owned()));
        }
        if let Some(order) = self
            .order
            .filter(|order| *order != self.sort.natural_order())
        {
            let value = if order == Order::Ascending {
                "asc"
            } else {
                "desc"
            };
            pairs.push(("order", value.to_owned()));
        }
        pairs
    }

    /// The address of the list.
    #[must_use]
    pub fn href(&self, links: &Links) -> String {
        links.query("/", self.pairs())
    }

    /// The order in force.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order.unwrap_or_else(|| self.sort.natural_order())
    }

    /// Whether the list is narrowed at all.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.search.is_empty()
            || self.state.is_some()
            || self.network_type.is_some()
            || self.tag.is_some()
            || self.owner.is_some()
    }

    /// The same list with something changed, from its first page.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut query = Self {
            page: 0,
            ..self.clone()
        };
        change(&mut query);
        query
    }

    /// The same list sorted by a column; sorted by it already, the other way round.
    #[must_use]
    pub fn sorted_by(&self, sort: Sort) -> Self {
        self.with(|query| {
            query.order = (query.sort == sort).then(|| match query.order() {
                Order::Ascending => Order::Descending,
                Order::Descending => Order::Ascending,
            });
            query.sort = sort;
        })
    }
}

impl State {
    /// The value in the address.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

fn set(place: &mut Option<String>, text: Option<&str>) -> bool {
    *place = text.map(str::to_owned);
    true
}
