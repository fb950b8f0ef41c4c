//! The users of the sandbox, and how they are found.

use std::collections::HashMap;
use std::rc::Rc;

use crate::clock;
use crate::fault::mix;
use crate::identity::{IdentityKind, NewIdentity, folded, loosely_folded};
use crate::password::Password;

/// One user. A million of them have to fit, so texts are boxed and rare things are behind a
/// pointer.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: Rc<str>,
    pub(crate) provided_id: Option<Box<str>>,
    pub(crate) given_name: Option<Box<str>>,
    pub(crate) family_name: Option<Box<str>>,
    pub(crate) picture: Option<Box<str>>,
    pub(crate) organization_code: Option<Box<str>>,
    pub(crate) identities: Box<[Identity]>,
    pub(crate) password: Option<Box<Password>>,
    /// How many times a password was set.
    pub(crate) sets: u32,
    pub(crate) total_sign_ins: u32,
    /// In a row.
    pub(crate) failed_sign_ins: u32,
    pub(crate) is_suspended: bool,
    pub(crate) is_password_reset_requested: bool,
    pub(crate) last_signed_in: Option<i64>,
    pub(crate) created_on: i64,
}

/// An identity of a user.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) kind: IdentityKind,
    pub(crate) verified: bool,
    pub(crate) value: Box<str>,
}

impl User {
    /// The first identity of a kind, which is the one shown.
    pub(crate) fn first(&self, kind: IdentityKind) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.kind == kind)
    }

    /// Its value.
    pub(crate) fn first_value(&self, kind: IdentityKind) -> Option<&str> {
        self.first(kind).map(|identity| &*identity.value)
    }
}

/// What a user is made of.
#[derive(Debug, Default)]
pub(crate) struct NewUser {
    /// Chosen by the directory unless given.
    pub(crate) id: Option<String>,
    pub(crate) provided_id: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) organization_code: Option<String>,
    pub(crate) identities: Vec<NewIdentity>,
}

/// What stands in the way of a new user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Id,
    Identity(IdentityKind),
}

/// All users, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Directory {
    users: Vec<User>,
    by_id: HashMap<Rc<str>, u32>,
    by_email: HashMap<Box<str>, u32>,
    by_phone: HashMap<Box<str>, u32>,
    by_username: HashMap<Box<str>, u32>,
    id_key: u64,
    next_id: u64,
}

impl Directory {
    /// Nobody yet. The key makes the ids of one sandbox differ from another's.
    pub(crate) fn new(id_key: u64) -> Self {
        Self {
            users: Vec::new(),
            by_id: HashMap::new(),
            by_email: HashMap::new(),
            by_phone: HashMap::new(),
            by_username: HashMap::new(),
            id_key,
            next_id: 0,
        }
    }

    /// Removes everybody; ids are not given out again.
    pub(crate) fn clear(&mut self) {
        *self = Self { next_id: self.next_id, ..Self::new(self.id_key) };
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.users.len()
    }

    /// All of them from a place on, with their places.
    pub(crate) fn from(&self, place: usize) -> impl Iterator<Item = (usize, &User)> {
        self.users.iter().enumerate().skip(place)
    }

    /// The user at a place.
    pub(crate) fn at(&self, place: usize) -> Option<&User> {
        self.users.get(place)
    }

    /// The place of the user with an id.
    pub(crate) fn place_of_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).map(|place| *place as usize)
    }

    /// The place of the user with an identity.
    pub(crate) fn place_of(&self, kind: IdentityKind, value: &str) -> Option<usize> {
        self.index(kind).get(&*key(kind, value)).map(|place| *place as usize)
    }

    /// The places of the users with an e-mail that looks like this one.
    pub(crate) fn places_like(&self, email: &str) -> Vec<usize> {
        let wanted = loosely_folded(email);
        let is_like = |identity: &Identity| {
            identity.kind == IdentityKind::Email && loosely_folded(&identity.value) == wanted
        };
        self.from(0).filter(|(_, user)| user.identities.iter().any(is_like)).map(|(place, _)| place).collect()
    }

    /// The user with an id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&User> {
        self.users.get(self.place_of_id(id)?)
    }

    /// The same, to be changed.
    pub(crate) fn by_id_mut(&mut self, id: &str) -> Option<&mut User> {
        let place = self.place_of_id(id)?;
        self.users.get_mut(place)
    }

    /// Adds a user, unless an identity or the id is somebody's already.
    pub(crate) fn add(&mut self, new: NewUser) -> Result<&mut User, Taken> {
        for (position, identity) in new.identities.iter().enumerate() {
            let here = key(identity.kind, &identity.value);
            let repeated =
                new.identities.iter().take(position).any(|earlier| {
                    earlier.kind == identity.kind && *key(earlier.kind, &earlier.value) == *here
                });
            if repeated || self.index(identity.kind).contains_key(&*here) {
                return Err(Taken::Identity(identity.kind));
            }
        }
        let id: Rc<str> = match new.id {
            Some(id) if self.by_id.contains_key(&*id) => return Err(Taken::Id),
            Some(id) => id.into(),
            None => self.fresh_id(),
        };
        // 4 billion users do not fit into the memory of anything this runs on.
        let place = u32::try_from(self.users.len()).map_err(|_| Taken::Id)?;
        self.by_id.insert(Rc::clone(&id), place);
        for identity in &new.identities {
            let key = key(identity.kind, &identity.value);
            self.index_mut(identity.kind).insert(key, place);
        }
        self.users.push(User {
            id,
            provided_id: new.provided_id.map(Into::into),
            given_name: new.given_name.map(Into::into),
            family_name: new.family_name.map(Into::into),
            picture: new.picture.map(Into::into),
            organization_code: new.organization_code.map(Into::into),
            identities: new
                .identities
                .into_iter()
                .map(|identity| Identity {
                    kind: identity.kind,
                    verified: identity.verified,
                    value: identity.value.into(),
                })
                .collect(),
            password: None,
            sets: 0,
            total_sign_ins: 0,
            failed_sign_ins: 0,
            is_suspended: false,
            is_password_reset_requested: false,
            last_signed_in: None,
            created_on: clock::now_micros(),
        });
        self.users.last_mut().ok_or(Taken::Id)
    }

    fn fresh_id(&mut self) -> Rc<str> {
        loop {
            let high = mix(self.id_key.wrapping_add(self.next_id));
            let low = mix(high ^ self.next_id);
            self.next_id += 1;
            let id = format!("kp_{high:016x}{low:016x}");
            if !self.by_id.contains_key(&*id) {
                return id.into();
            }
        }
    }

    fn index(&self, kind: IdentityKind) -> &HashMap<Box<str>, u32> {
        match kind {
            IdentityKind::Email => &self.by_email,
            IdentityKind::Phone => &self.by_phone,
            IdentityKind::Username => &self.by_username,
        }
    }

    fn index_mut(&mut self, kind: IdentityKind) -> &mut HashMap<Box<str>, u32> {
        match kind {
            IdentityKind::Email => &mut self.by_email,
            IdentityKind::Phone => &mut self.by_phone,
            IdentityKind::Username => &mut self.by_username,
        }
    }
}

/// What an identity is found under.
fn key(kind: IdentityKind, value: &str) -> Box<str> {
    match kind {
        IdentityKind::Email | IdentityKind::Username => folded(value).into(),
        IdentityKind::Phone => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_email(email: &str) -> NewUser {
        NewUser {
            identities: vec![NewIdentity {
                kind: IdentityKind::Email,
                value: email.to_owned(),
                verified: true,
            }],
            ..NewUser::default()
        }
    }

    #[test]
    fn finds_without_case_and_refuses_a_second() {
        let mut directory = Directory::new(1);
        let id = directory.add(with_email("Ada@Example.org")).unwrap().id.to_string();
        assert_eq!(id.len(), 35);
        assert!(id.starts_with("kp_"));
        assert_eq!(directory.place_of(IdentityKind::Email, "ada@example.ORG"), Some(0));
        assert_eq!(
            directory.add(with_email("ada@example.org")).unwrap_err(),
            Taken::Identity(IdentityKind::Email)
        );
        assert_eq!(directory.len(), 1);
        assert!(directory.by_id(&id).is_some());
    }

    #[test]
    fn an_identity_given_twice_is_refused() {
        let mut directory = Directory::new(1);
        let mut twice = with_email("ada@example.org");
        twice.identities.extend(with_email("ADA@example.org").identities);
        assert!(directory.add(twice).is_err());
    }

    #[test]
    fn ids_are_not_given_out_again() {
        let mut directory = Directory::new(1);
        let first = directory.add(with_email("a@b.c")).unwrap().id.clone();
        directory.clear();
        let second = directory.add(with_email("a@b.c")).unwrap().id.clone();
        assert_ne!(first, second);
        assert!(directory.by_id(&first).is_none());
    }
}
