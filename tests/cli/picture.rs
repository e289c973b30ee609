//! What a person sees of `report.html`: drawn by a browser without a window, in light and in dark,
//! from a load whose tenant answers with markup of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use scimrig::directory::{Directory, Population};

use super::TOKEN;
use super::support::binary::Folder;
use super::support::hostile::{HostileTenant, Manner};
use super::support::proxy::{Proxy, Trouble};
use super::support::tenant::{Served, is_to_be_tested};

const BROWSER: &str = "chromium";
/// The page is longer; what counts is within.
const WIDTH: usize = 1_200;
const HEIGHT: usize = 4_400;

#[test]
fn the_report_of_a_load_can_be_read_in_light_and_in_dark_and_asks_nobody() {
    if !is_to_be_tested("the picture of a report", BROWSER) {
        return;
    }
    let folder = Folder::of("picture");
    let stranger = HostileTenant::start(Manner::WebPage);
    let markup = format!(
        "<script src='{0}'></script><img src='{0}'><style>*{{display:none}}</style></svg></table>",
        stranger.url()
    );
    let report = report_with(&markup, &folder);
    let text = fs::read_to_string(&report).expect("a load leaves a page");
    assert!(text.contains("&lt;script src="), "the tenant's words are not shown");
    for active in ["<script", "<img", "<link", "<iframe", "@import", "url(", " onload="] {
        assert!(!text.contains(active), "{active} is in the page");
    }
    for is_dark in [false, true] {
        let name = if is_dark { "dark" } else { "light" };
        let picture = Picture::of(&report, is_dark, &folder.path().join(format!("{name}.png")));
        assert_eq!(picture.brightness() < 60.0, is_dark, "{name}");
        assert_eq!(picture.brightness() > 200.0, !is_dark, "{name}");
        let drawn = picture.share(|colour| colour != picture.background());
        assert!((0.04..0.6).contains(&drawn), "{name}: {drawn} of the page is not background");
        let text = picture.share(|colour| picture.contrast(colour) > 7.0);
        assert!(text > 0.005, "{name}: {text} of the page is text that can be read");
        let colours = picture.colours();
        assert!(colours.len() >= 3, "{name}: the charts have colours: {colours:?}");
    }
    assert_eq!(stranger.knocks(), 0, "the page asked for something");
    // Without this, nobody might ever come by, whatever the page says.
    let page = folder.write("asking.html", &format!("<img src='{}'>", stranger.url()));
    Picture::of(Path::new(&page), false, &folder.path().join("asking.png"));
    assert!(stranger.knocks() > 0);
}

/// The page of a load whose tenant, once all is there, knows nobody any more and says so in markup.
fn report_with(markup: &str, folder: &Folder) -> std::path::PathBuf {
    let population = Population {
        seed: 3,
        users: 300,
        groups: 20,
        members_per_group: 10,
        large_groups: 2,
        members_per_large_group: 120,
        ..Population::default()
    };
    let served = Served::start(folder, TOKEN, &["--profile", "strict"]);
    let directory = Directory::new(population.clone());
    let managers = (0..300).filter(|user| directory.user(*user).manager.is_some()).count();
    let requests = 2 + 2 * (300 + 20) + managers + population.membership_count();
    let lost = (requests as u64 + 1..).take(10_000).map(|number| (number, Trouble::Fail(404)));
    let proxy = Proxy::start(served.url(), lost.collect()).saying(markup);
    let size = ["--users", "300", "--groups", "20", "--members-per-group", "10"];
    let large = ["--large-groups", "2", "--members-per-large-group", "120"];
    let url = proxy.url();
    let common = ["--profile", "strict", "--seed", "3", "--tenant-url", &url];
    let command = [&["load"], &size[..], &large, &common].concat();
    folder.scimrig(&command).token(TOKEN).run().expect_code(&[1]);
    folder.path().join("reports/load-strict/report.html")
}

type Colour = [u8; 3];

/// What the browser drew.
struct Picture(Vec<Colour>);

impl Picture {
    /// Draws a page into a file. No name is looked up; this machine alone could be asked.
    fn of(page: &Path, is_dark: bool, picture: &Path) -> Self {
        let scheme = u8::from(!is_dark);
        let profile = picture.with_extension("profile");
        let drawn = Command::new(BROWSER)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .arg(format!("--window-size={WIDTH},{HEIGHT}"))
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--screenshot={}", picture.display()))
            .arg(format!("file://{}", page.display()))
            .stdin(Stdio::null())
            .output()
            .expect("the browser was there a moment ago");
        let said = String::from_utf8_lossy(&drawn.stderr).into_owned();
        let file = File::open(picture).unwrap_or_else(|why| panic!("no picture, {why}:\n{said}"));
        let mut reader = png::Decoder::new(BufReader::new(file)).read_info().expect("it is a PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a picture has a size")];
        let frame = reader.next_frame(&mut bytes).expect("the picture is whole");
        let depth = frame.color_type.samples();
        assert!(frame.width as usize == WIDTH && depth >= 3, "{frame:?}");
        let colours = bytes[..frame.buffer_size()].chunks_exact(depth);
        Self(colours.map(|it| [it[0], it[1], it[2]]).collect())
    }

    /// The colour of the corner.
    fn background(&self) -> Colour {
        self.0[0]
    }

    fn share(&self, is_counted: impl Fn(Colour) -> bool) -> f64 {
        self.0.iter().filter(|colour| is_counted(**colour)).count() as f64 / self.0.len() as f64
    }

    /// How bright the background is to people, from 0 to 255.
    fn brightness(&self) -> f64 {
        let [red, green, blue] = self.background();
        0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)
    }

    /// The contrast to the background as WCAG 2.2 computes it, from 1 to 21.
    fn contrast(&self, colour: Colour) -> f64 {
        let linear = |byte: u8| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let light = |[red, green, blue]: Colour| {
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let (one, other) = (light(colour), light(self.background()));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Colours that are no grey and cover more than a few points, with how many points each.
    fn colours(&self) -> BTreeMap<Colour, usize> {
        let mut colours = BTreeMap::<Colour, usize>::new();
        for colour in &self.0 {
            let (most, least) = (colour.iter().max(), colour.iter().min());
            if most.zip(least).is_some_and(|(most, least)| most - least > 60) {
                *colours.entry(*colour).or_default() += 1;
            }
        }
        colours.retain(|_, points| *points > 300);
        colours
    }
}
