// Says something to screen readers alone. The region is there from the start, because one that comes with its text is not read.
const region = document.createElement('div');
region.setAttribute('role', 'status');
region.className = 'spoken';
document.body.append(region);

export function announce(text: string) {
  region.textContent = '';
  // A change is read, the same text again is none.
  setTimeout(() => (region.textContent = text), 50);
}
