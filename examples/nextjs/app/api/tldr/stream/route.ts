const url = process.env.TLDR_URL ?? "http://127.0.0.1:8000";
const token = process.env.TLDR_TOKEN;

/** Answers with the server's events while the summary is written. When the browser leaves, writing stops. */
export async function POST(request: Request): Promise<Response> {
  const { thread } = (await request.json()) as { thread: string };
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ inputs: thread, parameters: { max_length: 64 }, stream: true }),
    signal: request.signal,
  });
  const headers = { "content-type": answer.headers.get("content-type") ?? "application/json" };
  return new Response(answer.body, { status: answer.ok ? 200 : 502, headers });
}
