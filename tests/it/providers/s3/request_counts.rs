//! How many requests a block costs, counted between the binary and a real server.

use crate::support::block::Block;
use crate::support::minio::Minio;
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::Line;
use crate::support::run::OLD;
use crate::support::world::Contents as _;

const BLOCKS: u16 = 1000;

/// S-5.22, S-7.6: planning and listings that serve many blocks included, for blocks of three objects.
#[test]
fn a_block_costs_no_more_requests_than_is_written() {
    let minio = Minio::start();
    let blocks: Vec<Block> = (1..=u64::from(BLOCKS)).map(Block::new).collect();
    let servers = Servers::new(&minio, &blocks);
    let mut counted = Vec::new();
    for (what, arguments, most) in [
        ("copied by the service", &["--copy=server"][..], 7.0),
        ("nothing to do", &[], 2.1),
        ("there already", &[], 4.5),
        ("copied through here", &["--copy=client"], 9.0),
    ] {
        match what {
            "there already" => {
                for block in &blocks {
                    let mark = format!("{}/deletion-mark.json", block.id());
                    servers.source.remove(&mark);
                }
            }
            "copied through here" => servers.reset(),
            _ => {}
        }
        let proxy = Line::to(minio.port()).open();
        let configs = servers.configs_through(&proxy);
        run(&configs, &[&[OLD], arguments].concat()).expect(0);
        assert_eq!(servers.source.marked().len(), usize::from(BLOCKS), "{what}");
        let requests = u32::try_from(proxy.requests().len()).unwrap();
        let of_a_block = f64::from(requests) / f64::from(BLOCKS);
        counted.push((what, of_a_block, most));
    }
    servers.assert_moved();
    let too_many = |(_, requests, most): &(&str, f64, f64)| requests > most;
    assert!(!counted.iter().any(too_many), "{counted:?}");
}
