// Saves what the API streams as a file. By fetch and not by a link, so that a session that ended is asked for, an operator's
// organisation goes along, and a refusal is told on the page.
import { send } from '@/api/client';
import { actingIn } from '@/api/organisation';

/** Throws the API's problem where it refuses. */
export async function saveFile(path: string, name: string): Promise<void> {
  const slug = actingIn();
  const response = await send(new Request(new URL(path, window.location.origin), { headers: slug ? { 'Claviger-Organisation': slug } : {} }));
  if (!response.ok) throw await response.json();
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
