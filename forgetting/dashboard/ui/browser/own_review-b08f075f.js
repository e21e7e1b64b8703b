// Shows what both models make of the visitor's text, at the fraction of the page's slider: bars of the classes, and the
// text with a mark for each word. All texts and numbers are Python's; a frame holds those of one fraction.

const PAUSE_MS = 350 // after the last key press the text is sent
const REST_MS = 1200 // after the last text was sent all fractions are asked for
const decoder = new TextDecoder()
const views = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  if (!data) return
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement))
  const view = views.get(parentElement)
  view.send = setStateValue
  view.receive(JSON.parse(decoder.decode(data)))
  const run = view.runs
  return () => {
    if (run === view.runs) view.close() // Streamlit also ends a run that another has overtaken while this file loaded
  }
}

class View {
  constructor(root) {
    this.root = root
    this.find = selector => root.querySelector(selector)
    this.editor = this.find('textarea')
    this.count = 0 // how often a text was sent
    this.runs = 0
    this.held = -1 // number of the mark that is pointed at
    this.editor.oninput = () => {
      clearTimeout(this.resting)
      clearTimeout(this.asking)
      this.resting = setTimeout(() => this.submit(), PAUSE_MS)
    }
    this.editor.onblur = () => this.resting && this.submit()
    this.follow = event => {
      this.percent = event.detail
      if (this.data && this.isSeen) this.draw()
    }
    // The slider stands far above: what is out of sight is drawn once it comes into sight.
    this.sight = new IntersectionObserver(entries => {
      this.isSeen = entries.at(-1).isIntersecting
      if (this.data && this.isSeen) this.draw()
    })
    for (const side of ['before', 'after']) {
      const text = this.find(`section.${side} .text`)
      text.onpointerover = event => this.hold(event.target)
      text.onpointerleave = () => this.hold(null)
      text.addEventListener('focusin', event => this.hold(event.target))
      text.onkeydown = event => this.step(event)
    }
  }

  close() {
    clearTimeout(this.resting)
    clearTimeout(this.asking)
    document.removeEventListener('fraction', this.follow)
    this.sight.disconnect()
  }

  // What Python sends, also while a text is being typed.
  receive(data) {
    this.runs += 1
    document.addEventListener('fraction', this.follow)
    this.sight.observe(this.find('.own'))
    this.count = Math.max(this.count, data.count)
    if (!this.resting && data.count >= this.count && this.editor.value !== data.text) this.editor.value = data.text
    this.percent = window.liveFraction ?? data.percent
    if (JSON.stringify(data.pieces) !== JSON.stringify(this.data?.pieces)) this.held = -1
    this.data = data
    clearTimeout(this.asking)
    if (data.typing && !this.resting) this.asking = setTimeout(() => this.send('rested', this.count), REST_MS)
    this.drawParts()
    this.draw()
  }

  submit() {
    clearTimeout(this.resting)
    this.resting = 0
    if (this.editor.value === this.data.text && this.count <= this.data.count) return
    this.count += 1
    this.send('text', { text: this.editor.value, count: this.count })
  }

  // What does not depend on the fraction.
  drawParts() {
    const { data } = this
    this.find('.known').textContent = data.known
    this.find('.difference').textContent = data.edit
    const sentences = [data.now, ...(data.frames ?? []).filter(Boolean)].map(frame => frame.why)
    this.find('.why').dataset.longest = sentences.reduce((one, other) => (other.length > one.length ? other : one))
    this.find('.chance').textContent = data.chance_text
    const keys = [key('for-key', 'speaks for it'), ' ', key('against-key', 'speaks against it')]
    this.find('.legend').replaceChildren(...(data.legend ? [`${data.legend} `, ...keys] : []))
    const names = [...data.classes, ...(data.others ? [data.others] : [])]
    fill(this.find('.classes tbody'), this.find('template.class'), names, (row, name, index) => {
      row.querySelector('th').textContent = row.querySelector('th').title = name
      row.querySelector('.bars').style.setProperty('--chance', data.chance === null ? '200%' : `${data.chance}%`)
      this.drawClass(row, 'before', data.before, index)
    })
    this.find('section.before .title').textContent = `Original: ${data.before.predicted}`
    for (const side of ['before', 'after']) this.drawText(this.find(`section.${side} .text`))
    this.mark('before', data.before)
    this.find('section.edit').hidden = !data.edited.length
    this.find('.edits caption').textContent = data.edits_of
    data.versions.forEach((pieces, index) => {
      const parts = pieces.map(([text, differs]) =>
        differs ? Object.assign(document.createElement('mark'), { textContent: text }) : text)
      this.find('.texts').children[index + 1].firstChild.replaceChildren(...parts)
    })
    fill(this.find('.edits tbody'), this.find('template.edit'), data.edited, (row, [word, edit], index) => {
      const [name, what, before] = row.children
      ;[name.textContent, what.textContent, before.textContent] = [word, edit, data.before.edits[index]]
    })
    this.drawVersions('.of-original', data.before)
  }

  drawVersions(row, look) {
    if (!look.versions) return
    const [, first, now] = this.find(row).children
    ;[now.textContent, first.textContent] = look.versions
  }

  drawClass(row, side, look, index) {
    row.querySelector(`i.${side}`).style.width = `${look.widths[index]}%`
    const cell = row.querySelector(`td.${side}`)
    cell.textContent = look.shares[index]
    cell.classList.toggle('predicted', look.top === index)
  }

  drawText(place) {
    const parts = this.data.pieces.flatMap(([gap, word, number]) => {
      if (number < 0) return [gap, Object.assign(document.createElement('span'), { className: 'unknown', textContent: word })]
      const button = Object.assign(document.createElement('button'), { className: 'word', type: 'button', textContent: word })
      button.number = number
      button.tabIndex = -1
      return [gap, button]
    })
    place.replaceChildren(...parts, this.data.rest)
    const first = place.querySelector('.word')
    if (first) first.tabIndex = 0
  }

  mark(side, look) {
    for (const button of this.find(`section.${side} .text`).querySelectorAll('.word')) {
      if (button.mark === look.marks[button.number]) continue
      button.mark = look.marks[button.number]
      const value = Number(button.mark.replaceAll('−', '-')) || 0
      button.style.setProperty('--strength', Math.min(1, Math.abs(value) / this.data.strongest).toFixed(3))
      button.classList.toggle('for', value > 0)
      button.classList.toggle('against', value < 0)
    }
  }

  // What a word says to both models; which of both texts it is pointed at in does not matter.
  hold(target) {
    const number = target?.number ?? -1
    if (target && number < 0) return
    this.held = number
    this.drawReadout()
    for (const button of this.root.querySelectorAll('.word')) button.classList.toggle('held', button.number === number)
    if (number >= 0) target.setAttribute('aria-label', this.readout(number))
  }

  readout(number) {
    const { data } = this
    return `${data.names[number]}: original ${data.before.marks[number]}, randomized ${this.frame().marks[number]}`
  }

  drawReadout() {
    this.find('.readout').textContent = this.held < 0 ? this.data.hint : this.readout(this.held)
  }

  // Arrows go from word to word, so that the text is one stop of Tab.
  step(event) {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }
    if (!(event.key in steps) || !event.target.classList.contains('word')) return
    const words = [...event.currentTarget.querySelectorAll('.word')]
    const next = words[words.indexOf(event.target) + steps[event.key]]
    event.preventDefault()
    if (!next) return
    event.target.tabIndex = -1
    next.tabIndex = 0
    next.focus()
  }

  frame() {
    const { data, percent } = this
    return data.frames?.[percent] ?? data.now
  }

  draw() {
    const frame = this.frame()
    this.find('.sentence').textContent = frame.why
    this.find('.key.after').textContent = `randomized ${frame.how}`
    this.find('section.after .title').textContent = `Randomized ${frame.how}: ${frame.predicted}`
    ;[...this.find('.classes tbody').children].forEach((row, index) => this.drawClass(row, 'after', frame, index))
    this.mark('after', frame)
    this.drawVersions('.of-randomized', frame)
    ;[...this.find('.edits tbody').children].forEach((row, index) => { row.children[3].textContent = frame.edits[index] })
    this.drawReadout()
  }
}

function key(name, text) {
  return Object.assign(document.createElement('span'), { className: name, textContent: text })
}

// Gives a place as many copies of a template as there are items, each drawn by its item.
function fill(place, template, items, draw) {
  while (place.children.length > items.length) place.lastElementChild.remove()
  while (place.children.length < items.length) place.append(template.content.cloneNode(true))
  items.forEach((item, index) => draw(place.children[index], item, index))
}
