import { InferenceClient } from "@huggingface/inference";

const client = new InferenceClient(process.env.TLDR_TOKEN, {
  endpointUrl: process.env.TLDR_URL ?? "http://127.0.0.1:8000",
});

export async function POST(request: Request): Promise<Response> {
  const { thread } = (await request.json()) as { thread: string };
  try {
    const { summary_text } = await client.summarization({
      inputs: thread,
      parameters: { max_length: 64 },
    });
    return Response.json({ tldr: summary_text });
  } catch (error) {
    return Response.json({ error: (error as Error).message }, { status: 502 });
  }
}
