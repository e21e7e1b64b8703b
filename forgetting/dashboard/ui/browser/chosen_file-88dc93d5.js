// Sees that the file which was chosen is the one that the page takes. Streamlit loses a file where a run of the page
// begins just as the server answers the question where to send it: the answer is dropped, and nothing ever comes of the
// file. Here that is noticed, said, and the file is chosen once more.

const LOOK_MS = 200
const LOST_MS = 1200 // of rest, in which nothing is on its way
const SAID_MS = 4000
const MOST = 3 // times that a file is chosen anew
const UPLOADER = ':is(.st-key-upload, .st-key-saved_model)' // one of them on a page
const CHIP = '[data-testid="stFileChip"]' // of a file in the list of the uploader
const REMOVE = '[data-testid="stFileChipDeleteBtn"]'

let taken = { count: 0 } // the file that Python has read or refused last
let place // of the sentence
let pending // the chosen file, until it is taken
let repeating = false // whether it is this script that chooses the file

export default function ({ data, parentElement }) {
  taken = data
  place = parentElement.querySelector('[role="status"]')
  // Streamlit calls the place for a file mere presentation, and gives it a name all the same.
  document.querySelector(`${UPLOADER} section[role="presentation"]`)?.removeAttribute('role')
}

function choose(file) {
  forget()
  pending = { file, count: taken.count, chips: chips(), rest: performance.now(), times: 0 }
  look()
}

function forget() {
  clearTimeout(pending?.timer)
  pending = null
}

function look() {
  const input = document.querySelector(`${UPLOADER} input[type="file"]`)
  if (!input || isTaken() || isRefused()) {
    return forget() // also where another page is opened, and where Streamlit says why the file cannot be sent
  }
  const now = performance.now()
  if (isUnderWay()) pending.rest = now
  else if (now - pending.rest > LOST_MS) again(input, now)
  if (pending) pending.timer = setTimeout(look, LOOK_MS)
}

function again(input, now) {
  const { file, times } = pending
  if (times === MOST) {
    place.textContent = `${file.name} did not arrive. Choose it again.`
    return forget()
  }
  const sentence = place.textContent = `${file.name} did not arrive: it is taken again.`
  setTimeout(() => { if (place.textContent === sentence) place.textContent = '' }, SAID_MS)
  Object.assign(pending, { times: times + 1, rest: now, chips: chips() })
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
  const sending = document.querySelector(`${UPLOADER} [aria-label^="Cancel upload"]`)
  return sending || document.querySelector('[data-testid="stApp"]').dataset.testScriptState !== 'notRunning'
}

function isRefused() {
  return chips().some(chip => chip.getAttribute('aria-invalid') === 'true' && !pending.chips.includes(chip))
}

const chips = () => [...document.querySelectorAll(`${UPLOADER} ${CHIP}`)]
const plain = name => name.replaceAll('"', '%22').replace(/[^\w.]/g, '') // servers read the other signs in many ways

function hear(event, files) {
  if (!repeating && event.target.closest?.(UPLOADER) && files?.length) choose(files[0])
}
document.addEventListener('change', event => hear(event, event.target.files), true)
document.addEventListener('click', event => {
  if (event.target.closest?.(`${UPLOADER} ${REMOVE}`)) forget()
}, true)
document.addEventListener('drop', event => hear(event, event.dataTransfer.files), true)
