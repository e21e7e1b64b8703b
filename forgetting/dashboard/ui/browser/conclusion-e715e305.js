// Reads a page's conclusion to whoever cannot see it, once it has stood still; never the first one, which the page
// itself is read with.

const STILL_MS = 1000 // a study under way changes its conclusion again and again
const KEPT_MS = 5000 // then it is taken away, as it stands on the page already
const states = new WeakMap()

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector('[role="status"]')
  const state = states.get(parentElement) ?? { sentence: data }
  states.set(parentElement, state)
  if (data === state.sentence) return
  state.sentence = data
  clearTimeout(state.timer)
  state.timer = setTimeout(() => {
    place.textContent = data
    state.timer = setTimeout(() => { place.textContent = '' }, KEPT_MS)
  }, STILL_MS)
}
