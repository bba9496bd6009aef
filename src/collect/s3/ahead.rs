//! Fetching ahead: the starts of the objects that decoders will ask for next, a bounded number and size of them.
//!
//! Only the start of an object (all of it if it is small) is fetched ahead. Once a decoder has it, the object fetches
//! its own further parts, which are bounded by themselves. So no object that is being read ever waits for room that
//! objects behind it hold.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::client::runtime;
use super::download::Download;
use super::part::First;
use super::{S3Limits, S3Object};
use crate::collect::stream::Stream;

/// Room among the bytes ahead is handed out in pieces of this size.
const ROOM_BYTES: u64 = 4 << 10;

/// The objects of a run, in the order in which they will be asked for.
#[derive(Debug)]
pub(in crate::collect) struct Ahead {
    queue: Arc<Vec<Waiting>>,
    driver: AbortHandle,
}

/// An object that is to be fetched.
#[derive(Debug)]
struct Waiting {
    object: Arc<S3Object>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Untouched,
    Coming(First),
    Taken,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Ahead {
    /// Begins to fetch; nothing where there are no objects.
    pub(in crate::collect) fn start(objects: Vec<Arc<S3Object>>) -> Option<Self> {
        let limits = objects.first()?.bucket.options().limits;
        let runtime = runtime().ok()?;
        let waiting = |object| Waiting { object, state: Mutex::new(State::Untouched) };
        let queue = Arc::new(objects.into_iter().map(waiting).collect::<Vec<_>>());
        let driver = runtime.spawn(drive(Arc::clone(&queue), limits)).abort_handle();
        Some(Self { queue, driver })
    }

    /// The bytes of the object at a place of the order; whether they have come or not, it is fetched from now on.
    pub(in crate::collect) fn stream(&self, place: usize) -> io::Result<Box<dyn Stream>> {
        let waiting = self.queue.get(place).ok_or_else(|| io::Error::other("an object was not in the order"))?;
        match waiting.turn(State::Taken) {
            State::Coming(first) => Ok(Box::new(Download::new(Arc::clone(&waiting.object), first))),
            State::Untouched | State::Taken => waiting.object.stream(),
        }
    }
}

impl Waiting {
    /// Puts another state in place of the present one.
    fn turn(&self, state: State) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), state)
    }

    /// Begins to fetch, unless a decoder was faster.
    fn fetch(&self, room: Vec<OwnedSemaphorePermit>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let (State::Untouched, Ok(mut first)) = (&*state, First::start(&self.object)) {
            first.hold(room);
            *state = State::Coming(first);
        }
    }
}

/// Goes through the order and fetches what there is room for.
async fn drive(queue: Arc<Vec<Waiting>>, limits: S3Limits) {
    let objects = Arc::new(Semaphore::new(limits.objects_ahead.max(1)));
    let rooms = u32::try_from(limits.bytes_ahead / ROOM_BYTES).unwrap_or(u32::MAX).max(1);
    let bytes = Arc::new(Semaphore::new(rooms as usize));
    for waiting in &*queue {
        // What is larger than all the room takes all of it, and waits until it has it.
        let wanted = u32::try_from(First::bytes(&waiting.object).div_ceil(ROOM_BYTES)).unwrap_or(u32::MAX).min(rooms);
        let Ok(object) = Arc::clone(&objects).acquire_owned().await else { return };
        let Ok(room) = Arc::clone(&bytes).acquire_many_owned(wanted).await else { return };
        waiting.fetch(vec![object, room]);
    }
}
