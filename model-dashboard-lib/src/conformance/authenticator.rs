//! The suite of [`Authenticator`].
//!
//! ```ignore
//! model_dashboard::authenticator_conformance!(MyFixture::new().await);
//! ```

use async_trait::async_trait;

use crate::auth::{
    AuthenticationError, Authenticator, Identity, IdentityId, Password, Refusal, Source, Standing,
    Username,
};

/// A source with somebody in it, fresh for each case.
///
/// What a source cannot do answers false, and the cases that need it show nothing.
#[async_trait]
pub trait AuthenticatorFixture: Send + Sync {
    /// What is tried.
    fn authenticator(&self) -> &dyn Authenticator;

    /// Name and password of somebody who may sign in. The name has letters.
    fn known(&self) -> (&str, &str);

    /// A name that nobody has.
    fn unknown(&self) -> &str;

    /// Whether names that differ in capitals and width alone are one name. Default: yes, which
    /// most directories, and the accounts made here, say.
    fn folds_names(&self) -> bool {
        true
    }

    /// Gives the known person another name to sign in with; answers it.
    async fn rename(&self) -> Option<String> {
        None
    }

    /// Lets the known person not sign in any more; the entry stays.
    async fn disable(&self) -> bool {
        false
    }

    /// Takes the known person away; others stay.
    async fn take_away(&self) -> bool {
        false
    }
}

/// Runs the suite of [`Authenticator`]. The argument is an expression, which may await, that gives
/// a fresh [`AuthenticatorFixture`].
#[macro_export]
macro_rules! authenticator_conformance {
    ($fresh:expr) => {
        $crate::authenticator_conformance! { @cases $fresh;
            the_right_password_tells_who_it_is
            a_wrong_password_is_refused
            a_name_that_nobody_has_is_refused
            names_are_the_same_in_capitals_and_full_width
            two_sign_ins_are_of_one_person
            a_new_name_is_of_the_same_person
            whoever_is_disabled_is_refused
            a_wrong_password_proves_nothing
            whoever_is_gone_is_refused
            a_look_gives_one_answer_each_in_their_order
            a_look_at_nobody_known_names_nobody_else
            a_look_at_people_of_another_source_names_nobody
            a_look_says_that_somebody_left
            sources_that_cannot_look_say_so
            a_walk_through_the_steps_signs_nobody_in
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let fixture = $fresh;
            $crate::conformance::authenticator::$case(&fixture).await;
        }
    )*};
}

async fn sign_in(
    fixture: &impl AuthenticatorFixture,
    name: &str,
    password: &str,
) -> Result<Identity, AuthenticationError> {
    let name = Username::parse(name).unwrap();
    let password = Password::parse(password).unwrap();
    fixture.authenticator().authenticate(&name, &password).await
}

async fn known(fixture: &impl AuthenticatorFixture) -> Identity {
    let (name, password) = fixture.known();
    sign_in(fixture, name, password).await.unwrap()
}

async fn refusal(fixture: &impl AuthenticatorFixture, name: &str, password: &str) -> Refusal {
    match sign_in(fixture, name, password).await {
        Err(
            AuthenticationError::Refused(refusal) | AuthenticationError::Barred { refusal, .. },
        ) => refusal,
        other => panic!("{name} should be refused: {other:?}"),
    }
}

/// Those letters that have one, in full width.
fn full_width(name: &str) -> String {
    let wide = |c: char| match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        other => other,
    };
    name.chars().map(wide).collect()
}

/// With a source of its own, a subject and a name.
pub async fn the_right_password_tells_who_it_is(fixture: &impl AuthenticatorFixture) {
    let identity = known(fixture).await;
    assert_eq!(identity.id.source, *fixture.authenticator().source());
    assert!(!identity.id.subject.is_empty());
    assert!(!identity.display_name.is_empty());
    if let Some(granted) = identity.role {
        assert!(!granted.reason.is_empty(), "people read why");
    }
}

/// And so is none at all, which no password can be.
pub async fn a_wrong_password_is_refused(fixture: &impl AuthenticatorFixture) {
    let (name, right) = fixture.known();
    for wrong in ["wrong", &format!("{right} "), &right.to_uppercase()] {
        if wrong != right {
            refusal(fixture, name, wrong).await;
        }
    }
    assert!(Password::parse(String::new()).is_err());
}

/// Whatever it would mean in a query or an address.
pub async fn a_name_that_nobody_has_is_refused(fixture: &impl AuthenticatorFixture) {
    let (known, password) = fixture.known();
    for name in [
        fixture.unknown(),
        "*",
        &format!("{known}*"),
        &format!("{known})(cn=*"),
        "' OR 1=1 --",
        "../../x",
    ] {
        refusal(fixture, name, password).await;
    }
}

/// If the source folds names.
pub async fn names_are_the_same_in_capitals_and_full_width(fixture: &impl AuthenticatorFixture) {
    if !fixture.folds_names() {
        return;
    }
    let (name, password) = fixture.known();
    let id = known(fixture).await.id;
    for same in [name.to_uppercase(), name.to_lowercase(), full_width(name)] {
        let identity = sign_in(fixture, &same, password).await;
        assert_eq!(identity.unwrap().id, id, "{same}");
    }
}

/// By the subject.
pub async fn two_sign_ins_are_of_one_person(fixture: &impl AuthenticatorFixture) {
    assert_eq!(known(fixture).await, known(fixture).await);
}

/// So that what they have stays theirs.
pub async fn a_new_name_is_of_the_same_person(fixture: &impl AuthenticatorFixture) {
    let (old, password) = fixture.known();
    let before = known(fixture).await;
    let Some(new) = fixture.rename().await else {
        return;
    };
    let after = sign_in(fixture, &new, password).await.unwrap();
    assert_eq!(after.id, before.id);
    assert_eq!(after.username, Username::parse(&new).unwrap());
    refusal(fixture, old, password).await;
    let looked = look(fixture, std::slice::from_ref(&before.id)).await;
    if let Some(Ok(looked)) = looked.into_iter().next() {
        let name = match looked {
            Standing::There(identity) => Some(identity.username),
            Standing::Left(_) => None,
        };
        assert_eq!(name, Some(after.username));
    }
}

/// Right password or not.
pub async fn whoever_is_disabled_is_refused(fixture: &impl AuthenticatorFixture) {
    let (name, password) = fixture.known();
    if fixture.disable().await {
        refusal(fixture, name, password).await;
    }
}

/// Whoever guesses at somebody's name ends nothing of theirs.
pub async fn a_wrong_password_proves_nothing(fixture: &impl AuthenticatorFixture) {
    let (name, right) = fixture.known();
    let id = known(fixture).await.id;
    if !fixture.disable().await {
        return;
    }
    let guess = sign_in(fixture, name, "wrong").await;
    assert!(
        matches!(guess, Err(AuthenticationError::Refused(_))),
        "{guess:?}"
    );
    if let Err(AuthenticationError::Barred { id: barred, .. }) = sign_in(fixture, name, right).await
    {
        assert_eq!(barred, id);
    }
}

/// As a name that nobody has.
pub async fn whoever_is_gone_is_refused(fixture: &impl AuthenticatorFixture) {
    let (name, password) = fixture.known();
    if fixture.take_away().await {
        refusal(fixture, name, password).await;
    }
}

/// What a source that can look says; nothing for others.
async fn look(
    fixture: &impl AuthenticatorFixture,
    ids: &[IdentityId],
) -> Vec<Result<Standing, AuthenticationError>> {
    if !fixture.authenticator().can_recheck() {
        return Vec::new();
    }
    let answers = fixture.authenticator().recheck(ids).await;
    assert_eq!(answers.len(), ids.len());
    answers
}

/// Some that are no id of this source, in the shapes that ids have elsewhere.
fn nobody(source: &Source) -> Vec<IdentityId> {
    [
        "999999999",
        "no-such-subject",
        "00000000-0000-0000-0000-000000000000",
        "*",
        "x)(objectClass=*",
    ]
    .map(|subject| IdentityId::new(source.clone(), subject))
    .into()
}

/// Also for several looks at one person.
pub async fn a_look_gives_one_answer_each_in_their_order(fixture: &impl AuthenticatorFixture) {
    let identity = known(fixture).await;
    let mut ids = nobody(fixture.authenticator().source());
    ids.insert(0, identity.id.clone());
    ids.insert(3, identity.id.clone());
    for (number, answer) in look(fixture, &ids).await.into_iter().enumerate() {
        if matches!(number, 0 | 3) {
            assert_eq!(answer.unwrap(), Standing::There(identity.clone()));
        } else {
            assert!(!matches!(answer, Ok(Standing::There(_))), "{answer:?}");
        }
    }
    assert!(look(fixture, &[]).await.is_empty());
}

/// Alone, too, where a source may not know that it shows anybody at all.
pub async fn a_look_at_nobody_known_names_nobody_else(fixture: &impl AuthenticatorFixture) {
    for id in nobody(fixture.authenticator().source()) {
        let answer = look(fixture, std::slice::from_ref(&id)).await;
        assert!(
            !matches!(answer[..], [Ok(Standing::There(_))]),
            "{id}: {answer:?}"
        );
    }
}

/// Even if they have the same subject.
pub async fn a_look_at_people_of_another_source_names_nobody(fixture: &impl AuthenticatorFixture) {
    let subject = known(fixture).await.id.subject;
    let own = fixture.authenticator().source();
    for name in [Source::LOCAL, Source::SERVICE, "somewhere-else"] {
        let other = IdentityId::new(Source::parse(name).unwrap(), subject.clone());
        if other.source != *own {
            let answer = look(fixture, std::slice::from_ref(&other)).await;
            assert!(
                !matches!(answer[..], [Ok(Standing::There(_))]),
                "{answer:?}"
            );
        }
    }
}

/// However they left.
pub async fn a_look_says_that_somebody_left(fixture: &impl AuthenticatorFixture) {
    let id = known(fixture).await.id;
    if fixture.disable().await || fixture.take_away().await {
        for answer in look(fixture, std::slice::from_ref(&id)).await {
            let answer = answer.unwrap();
            assert!(matches!(answer, Standing::Left(_)), "{answer:?}");
        }
    }
}

/// Of everybody, and not that they left.
pub async fn sources_that_cannot_look_say_so(fixture: &impl AuthenticatorFixture) {
    let authenticator = fixture.authenticator();
    if authenticator.can_recheck() {
        return;
    }
    let id = known(fixture).await.id;
    for answer in authenticator.recheck(&[id]).await {
        assert!(
            answer.as_ref().is_err_and(|error| error.part().is_some()),
            "{answer:?}"
        );
    }
}

/// And finds who signs in with the name, if it finds somebody.
pub async fn a_walk_through_the_steps_signs_nobody_in(fixture: &impl AuthenticatorFixture) {
    let (name, password) = fixture.known();
    let identity = known(fixture).await;
    let name = Username::parse(name).unwrap();
    let walk = fixture.authenticator().diagnose(Some(&name)).await;
    assert!(walk.is_well(), "{walk:?}");
    if let Some(found) = walk.identity {
        assert_eq!(found, identity);
    }
    let told = format!("{:?}", walk.steps);
    assert!(!told.contains(password), "a secret is told");
    let nobody = Username::parse(fixture.unknown()).unwrap();
    let walk = fixture.authenticator().diagnose(Some(&nobody)).await;
    assert_eq!(walk.identity, None);
}
