// Sees that the file which was chosen is the one that the page takes. Streamlit loses a file where a run of the page
// begins just as the server answers the question where to send it: the answer is dropped, and nothing ever comes of the
// file. Here that is noticed, said, and the file is chosen once more.

const LOOK_MS = 200
const LOST_MS = 1200 // of rest, in which nothing is on its way
const SAID_MS = 4000
const MOST = 3 // times that a file is chosen anew
const CHIP = '[data-testid="stFileChip"]' // of a file in the list of the uploader
const REMOVE = '[data-testid="stFileChipDeleteBtn"]'

let taken = { count: 0 } // the file that Python has read or refused last
const places = new Map() // of the sentences, by the keys of the uploaders that are watched
let pending // the chosen file, with its uploader's key, until it is taken
let repeating = false // whether it is this script that chooses the file

export default function ({ data, parentElement }) {
  taken = data.taken
  places.set(data.uploader, parentElement.querySelector('[role="status"]'))
  // Streamlit calls the place for a file mere presentation, and gives it a name all the same.
  find(data.uploader, 'section[role="presentation"]')[0]?.removeAttribute('role')
}

function choose(file, uploader) {
  forget()
  pending = { file, uploader, count: taken.count, chips: chips(uploader), rest: performance.now(), times: 0 }
  look()
}

function forget() {
  clearTimeout(pending?.timer)
  pending = null
}

function look() {
  const [input] = find(pending.uploader, 'input[type="file"]')
  if (!input || isTaken() || isRefused()) {
    return forget() // also where another page is opened, and where Streamlit says why the file cannot be sent
  }
  const now = performance.now()
  if (isUnderWay()) pending.rest = now
  else if (now - pending.rest > LOST_MS) again(input, now)
  if (pending) pending.timer = setTimeout(look, LOOK_MS)
}

function again(input, now) {
  const { file, times, uploader } = pending
  const place = places.get(uploader)
  if (times === MOST) {
    place.textContent = `${file.name} did not arrive. Choose it again.`
    return forget()
  }
  const sentence = place.textContent = `${file.name} did not arrive: it is taken again.`
  setTimeout(() => { if (place.textContent === sentence) place.textContent = '' }, SAID_MS)
  Object.assign(pending, { times: times + 1, rest: now, chips: chips(uploader) })
  const files = new DataTransfer()
  files.items.add(file)
  input.files = files.files
  repeating = true
  input.dispatchEvent(new Event('change', { bubbles: true }))
  repeating = false
}

function isTaken() {
  const { file, count } = pending
  return taken.count > count && taken.size === file.size && plain(taken.name) === plain(file.name)
}

function isUnderWay() {
  const sending = find(pending.uploader, '[aria-label^="Cancel upload"]')
  return sending.length || document.querySelector('[data-testid="stApp"]').dataset.testScriptState !== 'notRunning'
}

function isRefused() {
  return chips(pending.uploader).some(chip => chip.getAttribute('aria-invalid') === 'true' && !pending.chips.includes(chip))
}

const box = uploader => `.st-key-${uploader}`
const find = (uploader, selector) => [...document.querySelectorAll(`${box(uploader)} ${selector}`)]
const chips = uploader => find(uploader, CHIP)
const plain = name => name.replaceAll('"', '%22').replace(/[^\w.]/g, '') // servers read the other signs in many ways
const around = (target, inside = '') => [...places.keys()].find(key => target.closest?.(`${box(key)} ${inside}`.trim()))

function hear(event, files) {
  const uploader = around(event.target)
  if (!repeating && uploader && files?.length) choose(files[0], uploader)
}
document.addEventListener('change', event => hear(event, event.target.files), true)
document.addEventListener('click', event => {
  if (around(event.target, REMOVE)) forget()
}, true)
document.addEventListener('drop', event => hear(event, event.dataTransfer.files), true)
