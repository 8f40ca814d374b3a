//! Where kept states go, without any disk.

use std::sync::{Mutex, PoisonError};

use super::*;

/// Files that are none.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<Vec<u8>>>>);

struct OnShelf {
    shelf: Shelf,
    bytes: Vec<u8>,
}

impl Shelf {
    fn spill(&self) -> Spill {
        let shelf = self.clone();
        Arc::new(move |bytes| {
            shelf.0.lock().unwrap().push(bytes.to_vec());
            let file = OnShelf { shelf: shelf.clone(), bytes: bytes.to_vec() };
            Ok(Box::new(move || Ok(file.bytes.clone())))
        })
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Drop for OnShelf {
    fn drop(&mut self) {
        self.shelf.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|bytes| *bytes != self.bytes);
    }
}

fn is_in_memory(state: &State) -> bool {
    matches!(state, State::Bytes(..))
}

#[tokio::test]
async fn what_goes_beyond_the_share_is_spilled_until_there_is_room_again() {
    let shelf = Shelf::default();
    let keeper = Keeper::new(Room::new(1, 1_000), 100, shelf.spill());
    let first = keeper.keep(vec![1; 60]).await.unwrap();
    let second = keeper.keep(vec![2; 60]).await.unwrap();
    let third = keeper.keep(vec![3; 40]).await.unwrap();
    assert_eq!([&first, &second, &third].map(is_in_memory), [true, false, true]);
    assert_eq!(
        [&first, &second, &third].map(|state| state.read().unwrap().to_vec()),
        [vec![1; 60], vec![2; 60], vec![3; 40]]
    );
    drop(first);
    assert!(is_in_memory(&keeper.keep(vec![4; 60]).await.unwrap()));
    assert_eq!(shelf.len(), 1);
    drop(second);
    assert_eq!(shelf.len(), 0);
}

#[tokio::test]
async fn they_count_against_the_memory_of_the_host() {
    let (room, shelf) = (Room::new(1, 100), Shelf::default());
    let keeper = Keeper::new(room.clone(), 1_000, shelf.spill());
    let kept = keeper.keep(vec![1; 60]).await.unwrap();
    assert!(!room.take_bytes(41, Want::Upkeep));
    let other = keeper.keep(vec![2; 60]).await.unwrap();
    assert_eq!([&kept, &other].map(is_in_memory), [true, false]);
    drop((kept, other));
    assert!(room.take_bytes(100, Want::Upkeep));
    assert!(!is_in_memory(&keeper.keep(vec![3; 1]).await.unwrap()));
    room.give_bytes(100);
    // What found no room there takes nothing of the share either.
    assert!(is_in_memory(&keeper.keep(vec![4; 100]).await.unwrap()));
    assert_eq!(keeper.held.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_nobody_takes_is_said() {
    let keeper = Keeper::new(Room::new(1, 1_000), 10, Arc::new(|_| Err("cannot write x: it is full".to_owned())));
    let words = keeper.keep(vec![1; 11]).await.err();
    let expected = "memory has no room for the state before the switch, and cannot write x: it is full";
    assert_eq!(words.as_deref(), Some(expected));
    assert!(keeper.keep(vec![1; 10]).await.is_ok());
}

#[tokio::test]
async fn a_panic_on_the_way_is_no_state() {
    let keeper = Keeper::new(Room::new(1, 1_000), 0, Arc::new(|_| panic!("a shelf breaks")));
    assert!(keeper.keep(vec![1]).await.err().is_some_and(|words| words.contains("please report it")));
}
