// Reset synchroniser: asserts at once, releases two clocks after rst_n rises.
module dna_rstsync (
    input  wire clk,
    input  wire rst_n,
    output wire rst_sync_n
);
    reg [1:0] stage_q;
    assign rst_sync_n = stage_q[1];
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) stage_q <= 2'b00;
        else stage_q <= {stage_q[0], 1'b1};
    end
endmodule
