// SPDX-License-Identifier: GPL-2.0-only
//! The page: self-contained, complete, and stepped through in a real browser where there is one.

use super::{directory, file, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A page of `design` on `scenario` breaking `property`, and its data.
fn page(name: &str, design: &str, scenario: &str, property: &str) -> (String, Value) {
    let scratch = directory(name);
    let out = scratch.display().to_string();
    let args = ["check", "--policy", "exhaustive", "--scenario", scenario, "--out", &out];
    let designs: &[&str] = if design == "pipeline" { &[] } else { &[design] };
    text(&[&args[..], designs].concat(), &[1]);
    let saved = format!("{out}/{design}-{scenario}-{property}.ttysim");
    let html = scratch.join("page.html").display().to_string();
    text(&["replay", &saved, "--html", &html], &[1]);
    let html = std::fs::read_to_string(html).expect("a page");
    let data = html.split_once("id=\"data\">").expect("data").1;
    let data = data.split_once("</script>").expect("data").0;
    let data = serde_json::from_str(data).expect("the data is JSON");
    (html, data)
}

fn list<'a>(data: &'a Value, name: &str) -> &'a Vec<Value> {
    data[name].as_array().unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_page_needs_nothing_else_and_has_every_step() {
    let (html, data) = page("html-structure", "exclusive-2016", "append", "C1");
    let outside = html.replace("http://www.w3.org/2000/svg", "");
    for word in ["http:", "https:", "src=", "<link", "@import", "fetch(", "XMLHttpRequest"] {
        assert!(!outside.contains(word), "{word}");
    }
    assert!(html.contains("default-src 'none'") && html.contains("prefers-color-scheme: dark"));
    assert!(!html.contains("@TITLE@") && !html.contains("@SCRIPT@") && !html.contains("@DATA@"));
    let (steps, frames) = (list(&data, "steps"), list(&data, "frames"));
    let (threads, locks) = (list(&data, "threads"), list(&data, "locks"));
    assert!(steps.len() > 50 && frames.len() > 10 && !locks.is_empty());
    let number = |v: &Value| usize::try_from(v.as_u64().expect("a number")).expect("small");
    let lanes: BTreeSet<usize> = steps.iter().map(|s| number(&s["thread"])).collect();
    assert_eq!(lanes, (0..threads.len()).collect());
    assert!(steps.iter().all(|s| number(&s["frame"]) < frames.len()));
    assert_eq!(steps.iter().filter(|s| s["decides"] == true).count(), 2);
    assert!(number(&data["broken"]) < steps.len());
    for lock in locks {
        assert!(number(&lock["from"]) < number(&lock["to"]), "{lock}");
        assert!(number(&lock["thread"]) < threads.len());
    }
    // The state goes on as the steps say: what is published is there after the step that did it.
    let mut compared = 0;
    for step in steps {
        let words =
            step["text"].as_str().expect("words").strip_prefix("slave ").unwrap_or_default();
        let Some((field, value)) = words.split_once(" = ") else { continue };
        let end = &frames[number(&step["frame"])][0];
        let now = match field.split_once('.') {
            Some((name, "commit")) => {
                let chain = end["chain"].as_array().expect("a chain");
                chain.iter().find(|b| b["name"] == name).map(|b| number(&b["commit"]))
            }
            None if field == "commit_head" => Some(number(&end["ldisc"]["commit_head"])),
            _ => None,
        };
        if let Some(now) = now {
            assert_eq!(now.to_string(), value, "{words}");
            compared += 1;
        }
    }
    assert!(compared >= 2, "{compared}");
}

#[test]
fn text_from_a_file_is_never_markup() {
    let (html, _) = page("html-escapes", "exclusive-ordered", "append", "C3");
    let scratch = directory("html-escapes-2");
    let saved = html.split_once("\"saved\":\"").expect("saved").1;
    let saved = saved.split_once("\"}").expect("saved").0;
    let saved: String = serde_json::from_str(&format!("\"{saved}\"")).expect("a string");
    let evil = saved.replace("scenario append", "scenario </script><b>x");
    let evil = file(&scratch, "evil.ttysim", &evil);
    let out = scratch.join("evil.html").display().to_string();
    text(&["replay", &evil, "--html", &out], &[1]);
    let html = std::fs::read_to_string(out).expect("a page");
    assert!(!html.contains("</script><b>") && html.contains("&lt;/script&gt;"), "{html}");
}

/// Listens for trouble, from before anything else runs.
const BEFORE: &str = "<head><script>window.trouble=[];\
    addEventListener('error',e=>trouble.push(e.message));\
    addEventListener('securitypolicyviolation',e=>trouble.push(e.violatedDirective));\
    for(const k of ['error','warn'])console[k]=(...a)=>trouble.push(a.join(' '));</script>";

/// Presses keys until the broken step is reached, and writes down what is there.
const AFTER: &str = "<script>(()=>{\
    const press=k=>document.dispatchEvent(new KeyboardEvent('keydown',{key:k,bubbles:true}));\
    const step=()=>Number(document.body.dataset.step);\
    const seen=[];press('Home');seen.push(step());\
    for(let i=0;i<500&&document.body.dataset.broken!=='true';i++){press('ArrowRight');seen.push(step());}\
    const reached=document.body.dataset.broken;\
    press('ArrowLeft');const back=step();press('b');const again=document.body.dataset.broken;\
    press('a');const rows=document.querySelectorAll('#steps tbody tr').length;press('a');\
    const lanes=[...document.querySelectorAll('#lanes .lane')].map(g=>{const r=g.getBoundingClientRect();\
    return{thread:g.dataset.thread,x:r.x,y:r.y,w:r.width,h:r.height};});\
    const out={seen,reached,back,again,rows,lanes,trouble,dark:matchMedia('(prefers-color-scheme: dark)').matches,\
    chains:document.querySelectorAll('.chain').length,rings:document.querySelectorAll('.ring').length,\
    loaded:performance.getEntriesByType('resource').length};\
    const pre=document.createElement('pre');pre.id='out';pre.hidden=true;pre.textContent=JSON.stringify(out);\
    document.body.appendChild(pre);})()</script></body>";

/// A browser of this machine.
fn browser() -> Option<&'static str> {
    let runs =
        |b: &&str| Command::new(b).arg("--version").output().is_ok_and(|o| o.status.success());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|b| runs(b))
}

fn browse(browser: &str, scratch: &Path, page: &str, more: &[&str]) -> String {
    let profile = format!("--user-data-dir={}", scratch.join("profile").display());
    let flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", &profile];
    let flags =
        [&flags[..], &["--window-size=1400,1000", "--virtual-time-budget=3000"], more].concat();
    let output = Command::new(browser).args(flags).arg(format!("file://{page}")).output();
    let output = output.expect("the browser starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A screenshot's width and pixels, each in grey.
fn pixels(path: &Path) -> (usize, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("a screenshot"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut bytes).expect("a frame");
    let grey = |p: &[u8]| u8::try_from((u32::from(p[0]) + u32::from(p[1]) + u32::from(p[2])) / 3);
    let each = info.color_type.samples();
    let pixels = bytes[..info.buffer_size()].chunks(each).map(|p| grey(p).expect("a byte"));
    (usize::try_from(info.width).expect("small"), pixels.collect())
}

#[test]
fn a_browser_steps_to_the_violation_without_an_error() {
    let Some(browser) = browser() else {
        println!("no browser here: only the structure is tested");
        return;
    };
    let (html, data) = page("html-browser", "pipeline", "sti", "C3");
    let scratch = directory("html-browser-2");
    let driven = html.replacen("<head>", BEFORE, 1).replacen("</body>", AFTER, 1);
    let page = file(&scratch, "page.html", &driven);
    for (scheme, dark) in [("0", true), ("1", false)] {
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let dom = browse(browser, &scratch, &page, &[&scheme, "--dump-dom"]);
        let out = dom.split_once("id=\"out\" hidden=\"\">").expect("the driver ran").1;
        let out = out.split_once("</pre>").expect("an end").0.replace("&gt;", ">");
        let out: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(out["trouble"], Value::Array(Vec::new()));
        assert_eq!((&out["reached"], &out["again"]), (&"true".into(), &"true".into()), "{out}");
        assert_eq!((&out["loaded"], &out["dark"]), (&0.into(), &dark.into()));
        let seen: Vec<u64> = list(&out, "seen").iter().filter_map(Value::as_u64).collect();
        assert!(seen.len() > 5 && seen.windows(2).all(|w| w[0] < w[1]), "{seen:?}");
        assert_eq!(seen.last().copied(), data["broken"].as_u64().map(|n| n + 1));
        assert!(out["back"].as_u64() < seen.last().copied());
        assert_eq!(out["rows"].as_u64(), Some(list(&data, "steps").len() as u64));
        assert!(out["chains"].as_u64() >= Some(1) && out["rings"].as_u64() >= Some(1));
        let lanes = list(&out, "lanes");
        assert_eq!(lanes.len(), list(&data, "threads").len());
        let picture = scratch.join("page.png");
        let shot = format!("--screenshot={}", picture.display());
        browse(browser, &scratch, &page, &[&scheme, &shot]);
        let (width, pixels) = pixels(&picture);
        assert_eq!(pixels.first().is_some_and(|p| *p < 128), dark, "the corner is the paper");
        for lane in lanes {
            let number = |name: &str| lane[name].as_f64().expect("a number") as usize;
            let rows = number("y")..number("y") + number("h");
            let cells =
                rows.flat_map(|y| (number("x")..number("x") + number("w")).map(move |x| (x, y)));
            let shades: BTreeSet<u8> = cells.map(|(x, y)| pixels[y * width + x]).collect();
            // Paper, ink, and what lies between.
            assert!(shades.len() >= 3, "{} is not drawn: {shades:?}", lane["thread"]);
        }
    }
}
