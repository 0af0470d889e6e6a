import type { Catalogue, Edit, Failure, SourceText, State } from "./types";
import type { Reply, Wire } from "./session";

const FAILED: Failure = {
  fact: "Lamina could not answer.",
  place: "",
  remedy: "Reload the page; your work is saved.",
  code: "",
};

/** The routes of builder/ui/canvas/routes.py. */
export class HttpWire implements Wire {
  constructor(
    readonly project: string,
    readonly token: string,
  ) {}

  private url(action: string): string {
    return new URL(`/lamina/api/build/${encodeURIComponent(this.project)}/${action}`, document.baseURI).href;
  }

  private async ask(action: string, body?: unknown): Promise<Response | null> {
    try {
      return await fetch(this.url(action), {
        method: body === undefined ? "GET" : "POST",
        headers: { "X-Lamina-Token": this.token, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      return null;
    }
  }

  private async reply(response: Response | null): Promise<Reply> {
    if (!response || response.status === 502 || response.status === 503) return { kind: "unreachable" };
    const body = (await response.json().catch(() => null)) as
      | { state?: State; failure?: Failure; stale?: boolean }
      | null;
    if (response.ok && body?.state) return { kind: "state", state: body.state };
    if (body?.stale && body.state) return { kind: "stale", state: body.state };
    return { kind: "refused", failure: body?.failure ?? FAILED, state: body?.state ?? null };
  }

  async open(): Promise<Reply> {
    return this.reply(await this.ask("state"));
  }

  async since(stamp: string): Promise<Reply | null> {
    const response = await this.ask(`state?since=${encodeURIComponent(stamp)}`);
    return response?.status === 204 ? null : this.reply(response);
  }

  async edit(base: number, edits: Edit[], key: string): Promise<Reply> {
    return this.reply(await this.ask("edit", { base, edits, key }));
  }

  async undo(base: number, key: string): Promise<Reply> {
    return this.reply(await this.ask("undo", { base, key }));
  }

  async redo(base: number, key: string): Promise<Reply> {
    return this.reply(await this.ask("redo", { base, key }));
  }

  async catalogue(): Promise<Catalogue | null> {
    const response = await this.ask("catalogue");
    return response?.ok ? ((await response.json()) as Catalogue) : null;
  }

  async source(): Promise<SourceText | null> {
    const response = await this.ask("source");
    return response?.ok ? ((await response.json()) as SourceText) : null;
  }
}
