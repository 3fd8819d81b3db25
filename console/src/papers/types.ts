// What the API says of kept documents, as far as the console reads it.

export interface KeptPaper {
  id: string;
  kind: string;
  leg: string | null;
  stop: string | null;
  name: string | null;
  content_type: string;
  bytes: number;
  valid_until: string | null;
  uploaded_at: string;
  uploaded_by: string;
  scan: "none" | "pending" | "clean" | "infected";
  finding: string | null;
}

/** Whoever has its path may read; the path is told this once. */
export interface PaperLink {
  id: string;
  path: string;
  expires_at: string;
  single_use: boolean;
}
